using GreenTune.Dashboard.Pages.Compare;

namespace GreenTune.Dashboard.Tests.Pages.Compare;

public sealed class MeasureFormTests
{
    private readonly MeasureForm _form = new(["a", "b"]);

    [Fact]
    public void As_it_opens_it_asks_for_all_with_the_contracts_defaults()
    {
        var request = _form.Read()!;
        Assert.Null(request.Configurations);
        Assert.Equal((3, 60, 300), (request.Repeats, request.Items, request.ScoredItems));
    }

    [Fact]
    public void Some_are_named()
    {
        _form.Choose("b", false);
        Assert.Equal(["a"], _form.Read()!.Configurations!);
    }

    [Fact]
    public void Every_mistake_is_told_at_its_field()
    {
        _form.Repeats = "0";
        _form.Items = "many";
        _form.ScoredItems = "301";
        _form.Choose("a", false);
        _form.Choose("b", false);
        Assert.Null(_form.Read());
        Assert.All([_form.RepeatsError, _form.ItemsError, _form.ScoredItemsError, _form.ChosenError], Assert.NotNull);
    }

    [Fact]
    public void A_reference_that_is_not_measured_is_refused()
    {
        _form.Reference = "b";
        _form.Choose("b", false);
        Assert.Null(_form.Read());
        Assert.Contains("reference", _form.ChosenError);
    }
}
