using GreenTune.ServiceDefaults.Data;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Tests.Data;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly string _root = Path.Combine(Path.GetTempPath(), "greentune-tests", Guid.NewGuid().ToString("N"));

    public DataDirectoryTests() => Directory.CreateDirectory(_root);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static DataDirectory From(string? option, string? variable)
        => DataDirectory.From(new DataOptions { Directory = option }, new ConfigurationBuilder().AddInMemoryCollection([new(DataOptions.Variable, variable)]).Build());

    [Fact]
    public void The_option_wins_over_the_variable_and_the_variable_over_the_users_folder()
    {
        Assert.Equal("/a/option", From("/a/option", "/a/variable").Path);
        Assert.Equal("/a/variable", From(null, "/a/variable").Path);
        Assert.Equal("/a/variable", From(" ", "/a/variable").Path);
        Assert.Equal(
            Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "greentune"),
            From(null, null).Path);
    }

    [Fact]
    public void A_relative_path_is_refused_since_each_service_runs_elsewhere()
    {
        var error = Assert.Throws<ArgumentException>(() => From("./data", null));
        Assert.Contains("Data:Directory", error.Message, StringComparison.Ordinal);
        Assert.Contains("absolute", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folders_are_made_for_the_owner_alone()
    {
        var data = new DataDirectory(Path.Combine(_root, "new", "data"));
        data.EnsureWritable();
        var folder = data.Folder("accounting");
        Assert.True(Directory.Exists(folder));
        Assert.Empty(Directory.GetFiles(data.Path));
        if (!OperatingSystem.IsWindows())
        {
            const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            Assert.Equal(Owner, File.GetUnixFileMode(data.Path));
            Assert.Equal(Owner, File.GetUnixFileMode(folder));
        }
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("")]
    public void A_folder_stays_inside(string name) => Assert.Throws<ArgumentException>(() => new DataDirectory(_root).Folder(name));

    [Fact]
    public void A_place_that_cannot_be_a_folder_names_the_option()
    {
        var file = Path.Combine(_root, "file");
        File.WriteAllText(file, "not a folder");
        var error = Assert.Throws<IOException>(() => new DataDirectory(Path.Combine(file, "data")).EnsureWritable());
        Assert.Contains("Data:Directory", error.Message, StringComparison.Ordinal);
        Assert.Contains("GREENTUNE_DATA", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_whose_data_has_no_place_does_not_start()
    {
        var file = Path.Combine(_root, "file");
        await File.WriteAllTextAsync(file, "not a folder");
        await using var app = TestService.Build(Path.Combine(file, "data"));
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());
        Assert.Contains("Data:Directory", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_has_its_data_where_it_was_told()
    {
        await using var app = TestService.Build(Path.Combine(_root, "told"));
        await app.StartAsync();
        Assert.Equal(Path.Combine(_root, "told"), app.Services.GetRequiredService<DataDirectory>().Path);
        Assert.True(Directory.Exists(Path.Combine(_root, "told")));
        await app.StopAsync();
    }
}
