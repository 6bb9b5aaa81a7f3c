using System.Text.Json;
using System.Text.Json.Serialization;

namespace GreenTune.Core.Units;

/// <summary>Units travel as plain numbers; the property's name carries the unit.</summary>
internal abstract class UnitJsonConverter<T> : JsonConverter<T>
    where T : struct
{
    protected abstract T Wrap(double value);

    protected abstract double Unwrap(T value);

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Wrap(reader.GetDouble());

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteNumberValue(Unwrap(value));
}

internal sealed class JoulesJsonConverter : UnitJsonConverter<Joules>
{
    protected override Joules Wrap(double value) => new(value);

    protected override double Unwrap(Joules value) => value.Value;
}

internal sealed class WattsJsonConverter : UnitJsonConverter<Watts>
{
    protected override Watts Wrap(double value) => new(value);

    protected override double Unwrap(Watts value) => value.Value;
}

internal sealed class GramsCO2eJsonConverter : UnitJsonConverter<GramsCO2e>
{
    protected override GramsCO2e Wrap(double value) => new(value);

    protected override double Unwrap(GramsCO2e value) => value.Value;
}

internal sealed class GramsPerKilowattHourJsonConverter : UnitJsonConverter<GramsPerKilowattHour>
{
    protected override GramsPerKilowattHour Wrap(double value) => new(value);

    protected override double Unwrap(GramsPerKilowattHour value) => value.Value;
}
