using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using GreenTune.Models.Calibration;
using GreenTune.Models.Quantization;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Building;

/// <summary>How the embedding or the output projection of a quantised folder is stored.</summary>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "The field's own names of precisions.")]
public enum TableStorage
{
    /// <summary>As the layers' matrices are, where the provider can look rows up in them.</summary>
    Same,

    /// <summary>8 bits, in blocks.</summary>
    Int8,

    /// <summary>In the type of the activations.</summary>
    Float,
}

/// <summary>How a folder is made. Why the defaults are what they are: docs/decisions/004-model-folders.md and 014-quantisation.md.</summary>
public sealed record BuildOptions
{
    private const QuantizationMethod DefaultMethod = QuantizationMethod.Rtn;

    private const int DefaultCalibrationTokens = 4096;

    public required Precision Precision { get; init; }

    public required Provider Provider { get; init; }

    /// <summary>Weights that share a scale: 16, 32, 64 or 128.</summary>
    /// <value>The default is 32.</value>
    public int BlockSize { get; init; } = 32;

    /// <summary>The range of a block is centred on 0; otherwise it has a zero point of its own.</summary>
    /// <value>The default is true.</value>
    public bool Symmetric { get; init; } = true;

    /// <summary>How weights are rounded.</summary>
    /// <value>The default is rtn.</value>
    public QuantizationMethod Method { get; init; } = DefaultMethod;

    /// <summary>Tokens of the calibration text that gptq and awq use, at most.</summary>
    /// <value>The default is 4096.</value>
    public int CalibrationTokens { get; init; } = DefaultCalibrationTokens;

    /// <summary>
    /// File with a calibration text of the user's own, as <see cref="MarkedText"/> reads it; null for the bundled one.
    /// </summary>
    [JsonIgnore]
    public string? CalibrationFile { get; init; }

    /// <summary>Beginning of the SHA-256 of the user's calibration text, in the options of a folder that is built; null for the bundled text.</summary>
    public string? CalibrationText { get; init; }

    /// <summary>How a quantised folder stores the embedding.</summary>
    public TableStorage Embedding { get; init; } = TableStorage.Same;

    /// <summary>How a quantised folder stores the output projection.</summary>
    public TableStorage Head { get; init; } = TableStorage.Same;

    /// <summary>Quantised weights on a CPU: 4 multiplies them with activations rounded to int8, 0 with activations in float32.</summary>
    /// <value>The default is 4.</value>
    public int AccuracyLevel { get; init; } = 4;

    /// <summary>CUDA: activations, keys and values of quantised folders are bfloat16 instead of float16.</summary>
    public bool BFloat16Activations { get; init; }

    /// <summary>Positions that the folder serves; null for the model's own, and for longrope those of its short factors.</summary>
    public int? ContextLength { get; init; }

    /// <summary>The graphs take low-rank adapters as optional inputs; without, they have none and pay nothing for them.</summary>
    /// <value>The default is false.</value>
    public bool Adapters { get; init; }

    /// <summary>
    /// Type that rotary frequencies are rounded to. Checkpoints were trained with float32; references that cast a whole model to its stored type round
    /// them, and a comparison with such a reference needs the same.
    /// </summary>
    internal TensorElementType RotaryFrequencies { get; init; } = TensorElementType.Float;

    /// <summary>What distinguishes this from the defaults, as a part of the configuration's id: "" or for example "-gptq-b64".</summary>
    public string Variant
    {
        get
        {
            var parts = new List<string>();
            if (Bits is not null)
            {
                Add(Method != DefaultMethod, Method.Word());
                Add(Method.IsCalibrated() && CalibrationTokens != DefaultCalibrationTokens, $"cal{CalibrationTokens}");
                Add(Method.IsCalibrated() && (CalibrationText ?? CalibrationHash()) is not null, $"text-{CalibrationText ?? CalibrationHash()}");
                Add(BlockSize != 32, $"b{BlockSize}");
                Add(!Symmetric, "asym");
                Add(Embedding != TableStorage.Same, "emb" + (Embedding == TableStorage.Int8 ? "8" : "f"));
                Add(Head != TableStorage.Same, "head" + (Head == TableStorage.Int8 ? "8" : "f"));
                Add(Provider == Provider.Cpu && AccuracyLevel != 4, $"al{AccuracyLevel}");
                Add(BFloat16Activations, "bf16");
            }
            Add(ContextLength is not null, $"ctx{ContextLength}");
            Add(Adapters, "lora");
            return string.Concat(parts);

            void Add(bool wanted, string word)
            {
                if (wanted)
                    parts.Add("-" + word);
            }
        }
    }

    /// <summary>Beginning of the hash of the user's calibration text, which two texts of one name do not share.</summary>
    internal string? CalibrationHash() => CalibrationFile is null ? null : MarkedText.Open(CalibrationFile).Sha256[..8];

    /// <summary>Bits of the weights; null where they are floating point.</summary>
    internal int? Bits => Precision switch
    {
        Precision.Int4 => 4,
        Precision.Int8 => 8,
        _ => null,
    };

    /// <summary>Type of activations, keys, values, scales and weights that are not quantised.</summary>
    internal TensorElementType Activations => Provider == Provider.Cpu ? TensorElementType.Float
        : BFloat16Activations || Precision == Precision.Bf16 ? TensorElementType.BFloat16
        : TensorElementType.Float16;

    /// <exception cref="ArgumentException">An option is out of range or does not go with another.</exception>
    internal void Validate()
    {
        if (!Provider.Precisions().Contains(Precision))
            throw new ArgumentException($"{Precision.Word()} is not built for {Provider.Word()}; {string.Join(", ", Provider.Precisions().Select(BuildWords.Word))} are.");
        if (BlockSize is not (16 or 32 or 64 or 128))
            throw new ArgumentException($"The block size is {BlockSize}; 16, 32, 64 or 128 is expected.");
        if (AccuracyLevel is not (0 or 4))
            throw new ArgumentException($"The accuracy level is {AccuracyLevel}; 0 or 4 is expected.");
        if (BFloat16Activations && Provider == Provider.Cpu)
            throw new ArgumentException("Activations in bfloat16 are for cuda; on a cpu they are float32.");
        if (ContextLength is < 1)
            throw new ArgumentException($"The context length is {ContextLength}; 1 or more is expected.");
        if (CalibrationTokens is < 128 or > 1 << 20)
            throw new ArgumentException($"The calibration takes {CalibrationTokens} tokens; 128 to {1 << 20} are expected, for example {DefaultCalibrationTokens}.");
        if (CalibrationFile is not null && !Method.IsCalibrated())
            throw new ArgumentException($"The method {Method.Word()} takes no calibration text; gptq, awq and awq-gptq do.");
        if (Bits is null && (Method != DefaultMethod || Embedding != TableStorage.Same || Head != TableStorage.Same))
            throw new ArgumentException($"Method, embedding and head are choices for int8 and int4; the precision is {Precision.Word()}.");
    }
}
