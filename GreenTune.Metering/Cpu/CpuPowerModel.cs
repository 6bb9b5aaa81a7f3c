namespace GreenTune.Metering.Cpu;

/// <summary>
/// Package power from utilisation: a share of the thermal design power that grows with load along the curve that Teads Engineering measured with
/// RAPL on cloud hosts: 0.12, 0.32, 0.75 and 1.02 of TDP at idle, 10, 50 and 100 % ("Building an AWS EC2 Carbon Emissions Dataset",
/// medium.com/teads-engineering, 2021; the Green Software Foundation's Impact Framework uses the same four points), linear between.
/// </summary>
/// <param name="TdpWatts">TDP of the cores that this machine sees.</param>
public sealed record CpuPowerModel(double TdpWatts)
{
    /// <summary>
    /// 1 sigma of the estimate, relative: a band of +-50 % at 95 %. Estimates from TDP were found up to 40 % off a meter (arXiv 2509.22092); the
    /// core count behind a virtual machine and the curve of this very CPU are not known on top of it.
    /// </summary>
    public const double GainRelative = 0.25;

    private static readonly (double Utilisation, double Share)[] Curve = [(0, 0.12), (0.1, 0.32), (0.5, 0.75), (1, 1.02)];

    public double IdleWatts => TdpWatts * Curve[0].Share;

    /// <summary>Power at a utilisation from 0 to 1 of all cores seen; values outside are clamped.</summary>
    public double Watts(double utilisation)
    {
        double u = Math.Clamp(utilisation, 0, 1);
        int i = 1;
        while (i < Curve.Length - 1 && u > Curve[i].Utilisation)
            i++;
        (double u0, double s0) = Curve[i - 1];
        (double u1, double s1) = Curve[i];
        return TdpWatts * (s0 + (u - u0) / (u1 - u0) * (s1 - s0));
    }
}
