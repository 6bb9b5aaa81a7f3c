using System.Text.RegularExpressions;

namespace GreenTune.Core.Contracts;

/// <summary>What a configuration's id says.</summary>
public static partial class ConfigurationNames
{
    /// <summary>
    /// The model: the id without the precision at its end ("greentune-tiny-int4" gives "greentune-tiny"). An id that ends in none, such as an external
    /// configuration's, is its own model.
    /// </summary>
    public static string ModelOf(string configurationId) => Precision().Replace(configurationId, "$1");

    [GeneratedRegex(@"\A(.+)-(?:fp32|fp16|bf16|int8|int4)(?=\z|[@+:])")]
    private static partial Regex Precision();
}
