using GreenTune.Models.Catalog;
using GreenTune.Models.Store;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Models;

/// <summary>A catalog of the user's own that cannot be read is a start-up error, not a failed request later.</summary>
internal sealed class CatalogCheck : IValidateOptions<ModelStoreOptions>
{
    public ValidateOptionsResult Validate(string? name, ModelStoreOptions options)
    {
        try
        {
            if (!string.IsNullOrWhiteSpace(options.Catalog))
            {
                ModelCatalog.Read(Path.GetFullPath(options.Catalog));
            }

            return ValidateOptionsResult.Success;
        }
        catch (CatalogException e)
        {
            return ValidateOptionsResult.Fail($"Models:Catalog: {e.Message}");
        }
    }
}
