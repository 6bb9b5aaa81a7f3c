namespace GreenTune.Accounting.Http;

/// <summary>The request's body cannot be read; <see cref="Field"/> says where, by the JSON's path.</summary>
internal sealed class RequestRefusedException(int status, string place, string message) : Exception(message)
{
    public int Status => status;

    public string Field => place;
}
