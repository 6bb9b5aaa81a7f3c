using System.Net;
using GreenTune.ServiceDefaults.Access;

namespace GreenTune.ServiceDefaults.Tests.Access;

public sealed class AllowedHostsTests
{
    [Theory]
    [InlineData("http://gpu-7:8000/v1", true, true)]
    [InlineData("http://GPU-7:8000/v1", true, true)]
    [InlineData("http://gpu-7:8001/v1", false, false)]
    [InlineData("http://gpu-7/v1", false, false)]
    [InlineData("https://api.example.com/v1", true, false)]
    [InlineData("https://a.b.example.com:8443/v1", true, false)]
    [InlineData("https://example.com/v1", false, false)]
    [InlineData("https://evilexample.com/v1", false, false)]
    [InlineData("https://example.com.evil.org/v1", false, false)]
    [InlineData("http://[::1]:9000/v1", true, true)]
    [InlineData("http://[::1]:9001/v1", false, false)]
    [InlineData("http://192.168.1.20/v1", true, true)]
    [InlineData("http://3232235796/v1", true, true)]
    [InlineData("http://0xC0.0xA8.0x01.0x15/v1", false, false)]
    public void Hosts_are_allowed_by_name_and_port_or_by_domain(string url, bool allowed, bool mayBeInner) =>
        Assert.Equal((allowed, mayBeInner), new AllowedHosts(["gpu-7:8000", "*.example.com", "[::1]:9000", "192.168.1.20"]).Check(new Uri(url)));

    [Theory]
    [InlineData("gpu-7", true)]
    [InlineData("gpu-7:8000", true)]
    [InlineData("*.example.com", true)]
    [InlineData("10.0.0.7:80", true)]
    [InlineData("[fd00::1]:80", true)]
    [InlineData("::1", true)]
    [InlineData("*", false)]
    [InlineData("*.com", false)]
    [InlineData("gpu-7:0", false)]
    [InlineData("gpu-7:http", false)]
    [InlineData("http://gpu-7", false)]
    [InlineData("", false)]
    public void Patterns_are_checked(string pattern, bool isPattern) => Assert.Equal(isPattern, AllowedHosts.IsPattern(pattern));

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("172.16.0.1", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("192.168.0.1", true)]
    [InlineData("169.254.169.254", true)]
    [InlineData("100.64.0.1", true)]
    [InlineData("100.128.0.1", false)]
    [InlineData("0.0.0.0", true)]
    [InlineData("224.0.0.1", true)]
    [InlineData("255.255.255.255", true)]
    [InlineData("8.8.8.8", false)]
    [InlineData("::1", true)]
    [InlineData("::", true)]
    [InlineData("fe80::1", true)]
    [InlineData("fd12:3456::1", true)]
    [InlineData("::ffff:10.0.0.1", true)]
    [InlineData("::ffff:8.8.8.8", false)]
    [InlineData("64:ff9b::a00:1", true)]
    [InlineData("2002:a00:1::", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("2606:4700::1111", false)]
    public void Inner_addresses_are_known(string address, bool inner) => Assert.Equal(inner, AllowedHosts.IsInner(IPAddress.Parse(address)));
}
