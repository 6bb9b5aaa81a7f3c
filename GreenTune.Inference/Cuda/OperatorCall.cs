namespace GreenTune.Inference.Cuda;

/// <summary>What every operator asks of ONNX Runtime when it runs. Each returns a status, 0 for success.</summary>
internal static unsafe class OperatorCall
{
    public const int MostDimensions = 8;

    /// <summary>The addresses of a node's inputs (null for those left out), the shape of the first, and CUDA's stream.</summary>
    public static nint Inputs(nint context, void** inputs, int count, long* firstShape, nuint* firstRank, nint* stream)
    {
        nuint given = 0;
        nint first = 0;
        nint status = OrtApi.InputCount(context, &given);
        for (int i = 0; i < count && status == 0; i++)
        {
            nint value = 0;
            inputs[i] = null;
            status = (nuint)i < given ? OrtApi.Input(context, (nuint)i, &value) : 0;
            status = status == 0 && value != 0 ? OrtApi.Data(value, &inputs[i]) : status;
            first = i == 0 ? value : first;
        }

        status = status != 0 ? status : OrtApi.Shape(first, firstShape, MostDimensions, firstRank);
        return status != 0 ? status : OrtApi.Stream(context, stream);
    }

    /// <summary>Makes an output of a shape, or takes the bound one, and gives its address; null when nobody wants it.</summary>
    public static nint Output(nint context, int index, long* shape, nuint rank, void** data)
    {
        nuint count = 0;
        nint value = 0;
        *data = null;
        nint status = OrtApi.OutputCount(context, &count);
        status = status == 0 && (nuint)index < count ? OrtApi.Output(context, (nuint)index, shape, rank, &value) : status;
        return status == 0 && value != 0 ? OrtApi.Data(value, data) : status;
    }

    /// <summary>The product of all dimensions but the last.</summary>
    public static long Rows(long* shape, nuint rank)
    {
        long rows = 1;
        for (nuint i = 0; i + 1 < rank; i++)
        {
            rows = checked(rows * shape[i]);
        }

        return rows;
    }
}
