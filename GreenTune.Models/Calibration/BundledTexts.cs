namespace GreenTune.Models.Calibration;

internal static class BundledTexts
{
    public static string Evaluation => "The quick brown fox jumps over the lazy dog. How are you today? Energy is measured in joules, power in watts. One kilowatt hour is 3.6 million joules. What is a carbon budget? A carbon budget is a limit on emissions over a period of time.";
}
