using GreenTune.Dashboard.Services;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>The dashboard's clients, straight to a fake backend.</summary>
internal static class FakeServicesClients
{
    public static AccountingClient Accounting(this FakeServices services) => new(new HttpClient { BaseAddress = services.Address });

    public static InferenceClient Inference(this FakeServices services) => new(new HttpClient { BaseAddress = services.Address });

    public static Task<FakeServices> StartBusyAsync() => FakeServices.StartAsync(SampleWorld.Busy(new ManualClock(SampleWorld.Morning)));

    public static Task<FakeServices> StartEmptyAsync() => FakeServices.StartAsync(SampleWorld.Empty(new ManualClock(SampleWorld.Morning)));
}
