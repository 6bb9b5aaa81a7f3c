using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>The catalog, the models and the jobs, which a test moves forward by hand.</summary>
internal sealed class FakeLibrary(SampleWorld world, bool empty)
{
    private readonly Lock _gate = new();
    private readonly List<ModelJob> _jobs = [];
    private readonly List<CatalogModelView> _catalog = empty ? [] :
    [
        Entry("smollm2-135m-instruct", "SmolLM2 135M Instruct", 134_515_008, "Apache-2.0", CatalogState.Pulled),
        Entry("tinyllama-1.1b-chat", "TinyLlama 1.1B Chat v1.0", 1_100_048_384, "Apache-2.0", CatalogState.Available),
        Entry("qwen3-0.6b", "Qwen3 0.6B", 596_049_920, "Apache-2.0", CatalogState.Unfinished),
        Entry("llama-3.2-1b-instruct", "Llama 3.2 1B Instruct", 1_235_814_400, "LicenseRef-Llama-3.2-Community", CatalogState.Available) with
        {
            Gated = true,
            LicenseName = "Llama 3.2 Community License Agreement",
            LicenseUrl = new Uri("https://www.llama.com/llama3_2/license/"),
        },
    ];

    private readonly List<LocalModelView> _models = empty ? [] :
    [
        Local("greentune-tiny", 44_000_000, bundled: true, Build("greentune-tiny", "fp32", 88_000_000, ConfigurationState.Ready), Build("greentune-tiny", "int8", 27_600_000, ConfigurationState.Ready), Build("greentune-tiny", "int4", 15_300_000, ConfigurationState.Loading)),
        Local("smollm2-135m-instruct", 271_000_000, bundled: false, Build("smollm2-135m-instruct", "fp32", null, null), Build("smollm2-135m-instruct", "int8", null, null), Build("smollm2-135m-instruct", "int4", 84_100_000, ConfigurationState.Ready)) with
        {
            Repository = "HuggingFaceTB/SmolLM2-135M-Instruct",
            Commit = "0123456789abcdef0123456789abcdef01234567",
            License = "Apache-2.0",
            CatalogId = "smollm2-135m-instruct",
        },
    ];

    public IReadOnlyList<ModelJob> Jobs
    {
        get
        {
            lock (_gate)
            {
                return [.. _jobs];
            }
        }
    }

    public ModelJob Add(ModelJobKind kind, string name)
    {
        lock (_gate)
        {
            var job = new ModelJob { Id = Guid.NewGuid(), Kind = kind, Name = name, State = ModelJobState.Running, CreatedAt = world.Now, StartedAt = world.Now, Stage = "starting" };
            _jobs.Insert(0, job);
            return job;
        }
    }

    public void Update(Guid id, Func<ModelJob, ModelJob> change)
    {
        lock (_gate)
        {
            int at = _jobs.FindIndex(job => job.Id == id);
            _jobs[at] = change(_jobs[at]);
        }
    }

    public void End(Guid id, ModelJobState state, string? error = null) => Update(id, job => job with { State = state, EndedAt = world.Now, Error = error });

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/models", () =>
        {
            lock (_gate)
            {
                return new ModelsView { Catalog = [.. _catalog], Models = [.. _models], FreeBytes = 52_000_000_000 };
            }
        });
        app.MapGet("/api/models/jobs", () => Jobs);
        app.MapPost("/api/models/pulls", IResult (PullInput input) => Start(ModelJobKind.Pull, input.Id ?? input.Repository!));
        app.MapPost("/api/models/builds", IResult (BuildInput input) => Start(ModelJobKind.Build, input.Configuration!));
        app.MapDelete("/api/models/jobs/{id:guid}", (Guid id) =>
        {
            End(id, ModelJobState.Cancelled);
            return Results.NoContent();
        });
        app.MapDelete("/api/models/{name}", IResult (string name) =>
        {
            lock (_gate)
            {
                LocalModelView? model = _models.Find(m => m.Name == name);
                if (model is not { Bundled: false })
                {
                    return Results.Problem(statusCode: 409, title: "The model stays.", detail: $"{name} ships with GreenTune and stays.");
                }

                _models.Remove(model);
                return Results.Ok(new ModelRemoval(name, model.Bytes));
            }
        });
    }

    private IResult Start(ModelJobKind kind, string name)
    {
        if (Jobs.Any(job => job.EndedAt is null && job.Name == name))
        {
            return Results.Problem(statusCode: 409, title: "A job does that already.", detail: "Follow it.");
        }

        ModelJob job = Add(kind, name);
        return Results.Accepted($"/api/models/jobs/{job.Id}", job);
    }

    private static CatalogModelView Entry(string id, string name, long parameters, string license, CatalogState state) => new()
    {
        Id = id,
        DisplayName = name,
        License = license,
        Gated = false,
        Architecture = "LlamaForCausalLM",
        Repository = $"maker/{id}",
        Page = new Uri($"https://huggingface.co/maker/{id}"),
        Parameters = parameters,
        ContextLength = 8192,
        DownloadBytes = parameters * 2,
        Needs = [new("fp32", parameters * 4, parameters * 4), new("int8", parameters * 9 / 8, parameters * 9 / 8), new("int4", parameters * 5 / 8, parameters * 5 / 8)],
        Notes = "A sample of the catalog.",
        State = state,
    };

    private static LocalModelView Local(string name, long bytes, bool bundled, params BuildableView[] configurations) =>
        new() { Name = name, Form = "safetensors", Bundled = bundled, Bytes = bytes, Configurations = configurations };

    private static BuildableView Build(string model, string precision, long? bytes, ConfigurationState? serving) =>
        new() { Id = $"{model}-{precision}", Precision = precision, Provider = "cpu", Built = bytes is not null, Bytes = bytes, Serving = serving };
}
