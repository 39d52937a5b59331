"""The table of targets: every figure with its tolerance and its source. Data, never a result.

B3's intervals are the 95 % stationary-bootstrap intervals (block 250) of daily WTI, 1986-2019.
"""

from __future__ import annotations

from twin.validate.records import Target, absolute, band, errors, exact, relative

__all__ = ["INTERVALS", "JOINT_COVERAGE", "TARGETS", "groups", "select"]

SS = "Schwartz and Smith 2000, Management Science 46(7)"
WTI = "daily WTI spot 1986-2019, FRED DCOILWTICO, n = 8320"
FW = "Franke and Westerhoff 2012, J. Economic Dynamics and Control 36(8)"
LVR = "Milionis, Moallemi, Roughgarden and Zhang 2022, arXiv:2208.06046"
FEES = "Milionis, Moallemi and Roughgarden 2023, arXiv:2305.14604"
FIXED = "Nezlobin and Tassy 2025, arXiv:2505.05113"
UNI = "constant-product invariant, 2 sqrt(r) / (1 + r) - 1"
BASEFEE = "Leonardos et al. 2021, arXiv:2102.10567"
DELAY = "Levin and May 1976, Theoretical Population Biology 9(2): 2 sin(pi / (2 (2k + 1)))"
BLOBS = "EIP-4844 and EIP-7691"
RATES = "Broadie, Glasserman and Kou 1997, Mathematical Finance 7(4)"
ORDER = "order statistics of the unit normal: element n/2 of the sorted reports (libocr)"
AS = "Avellaneda and Stoikov 2008, Quantitative Finance 8(3), reproduced with 1,000 sessions"
DD = "Diamond 2007, FRB Richmond Economic Quarterly 93(2)"
USDC = "USDC, March 2023: Circle's statements, on-chain supply"
MILD = "the mild profile, after USDC with the rail of redemption open"
UST = "the severe profile, after UST, May 2022"

INTERVALS = {
    "volatility": (0.398, 0.351, 0.444),
    "kurtosis": (13.6, 4.4, 28.1),
    "hill": (2.85, 2.62, 3.29),
    "quantile-1": (-0.0708, -0.084, -0.059),
    "quantile-99": (0.0661, 0.055, 0.082),
    "acf-1": (-0.017, -0.045, 0.006),
    "acf-abs-1": (0.213, 0.149, 0.260),
    "acf-abs-10": (0.175, 0.105, 0.224),
    "acf-abs-50": (0.107, 0.030, 0.144),
}
"""Moments of daily WTI by name: value, lowest, highest."""

JOINT_COVERAGE = 0.2025
"""The joint moment-coverage ratio of A1 with GARCH-t over 6,000 paths: the baseline to beat.

That of Merton's jumps is 0, since they have no memory.
"""

_MOMENTS = {
    "volatility": "annual volatility",
    "kurtosis": "excess kurtosis",
    "hill": "Hill index of abs(r), top 5 %",
    "quantile-1": "1 % quantile of r",
    "quantile-99": "99 % quantile of r",
    "acf-1": "autocorrelation of r, lag 1",
    "acf-abs-1": "autocorrelation of abs(r), lag 1",
    "acf-abs-10": "autocorrelation of abs(r), lag 10",
    "acf-abs-50": "autocorrelation of abs(r), lag 50",
}

_PRICES = (
    *(
        Target(f"B2.{name}", f"volatility of a future {name} out", figure, absolute(1e-4), SS)
        for name, figure in (
            ("0y", 0.3574), ("0.25y", 0.2775), ("0.5y", 0.2264), ("1y", 0.1755), ("2y", 0.1500),
        )
    ),
    *(
        Target(f"B3.{name}", f"{_MOMENTS[name]}, median of the paths", figure, band(low, high), WTI)
        for name, (figure, low, high) in INTERVALS.items()
    ),
    Target(
        "B3.joint", "paths with all of these inside at once", JOINT_COVERAGE,
        band(0.165, 1.0), "baseline of this repository, to beat; from 3 s.e. of 1,000 paths below it",
    ),
    *(
        Target(f"B4.{name}", f"herding: {about}", figure, errors(3), FW)
        for name, about, figure in (
            ("sd", "s.d. of daily returns, %", 0.990),
            ("kurtosis", "excess kurtosis", 1.77),
            ("hill", "Hill index, top 5 %", 3.89),
            ("acf-abs-1", "autocorrelation of abs(r), lag 1", 0.156),
            ("acf-abs-5", "the same, lag 5", 0.151),
            ("acf-abs-10", "the same, lag 10", 0.146),
            ("acf-abs-25", "the same, lag 25", 0.119),
            ("acf-abs-50", "the same, lag 50", 0.088),
            ("acf-abs-100", "the same, lag 100", 0.050),
        )
    ),
)  # fmt: skip

_POOL = (
    Target("B5.lvr", "LVR without a fee, of the pool's value a day: sigma^2 / 8",
           0.05**2 / 8, relative(0.01), LVR),
    Target("B6.ratio", "arbitrage / LVR, 12 s blocks, 30 bp", 0.1027, relative(0.02), FIXED),
    Target("B6.share", "share of blocks with a trade", 0.125, relative(0.02), FIXED),
    *(
        Target(f"B7.{fee}bp", f"arbitrage / LVR, Poisson blocks, {fee} bp", figure,
               relative(0.02), FEES)
        for fee, figure in ((1, 0.806), (5, 0.455), (10, 0.294), (30, 0.1220), (100, 0.040))
    ),
    Target("B8.loss", "divergence loss at price ratio 2", -0.0571909584, absolute(1e-6), UNI),
)  # fmt: skip

_LOOPS = (
    Target("B9.linear", "average use under bang-bang demand, EIP-1559", 1.06266, absolute(1e-3),
           BASEFEE),
    Target("B9.exponential", "the same, exponential update", 1.0, absolute(1e-3), BASEFEE),
    *(
        Target(f"B10.k{delay}", f"gain x elasticity at which {delay} periods of delay swing",
               figure, relative(0.05), DELAY)
        for delay, figure in (
            (0, 2.0), (1, 1.0), (2, 0.618), (3, 0.445), (7, 0.2091), (14, 0.1083), (30, 0.0515),
        )
    ),
    Target("B11.4844-full", "blob fee after a full block, EIP-4844", 0.125, absolute(1e-4), BLOBS),
    Target("B11.7691-full", "the same, EIP-7691", 0.0817, absolute(1e-4), BLOBS),
    Target("B11.7691-empty", "after an empty block, EIP-7691", -0.1453, absolute(1e-4), BLOBS),
    Target("B12.rai", "half-life of RAI's leak, days", 27.78, relative(1e-3),
           "RAI's deployed PI controller"),
    Target("B12.hai", "half-life of HAI's leak, days", 30.00, relative(1e-3),
           "HAI's deployed PID controller"),
)  # fmt: skip

_ORACLE = (
    Target("B13.updates", "updates a day: 5 % a day, .5 % deviation, 12 s", 87.6, relative(0.01),
           RATES),
    Target("B14.quorum", "bias of the median, 10 liars among 21 reports, s.d.", 1.587,
           relative(0.01), ORDER),
    Target("B14.all", "the same among 31 reports", 0.631, relative(0.01), ORDER),
    Target("B14.unbounded", "part of a lie that 11 liars among 21 reports carry through", 1.0,
           exact(), ORDER),
)  # fmt: skip

_MAKING = tuple(
    Target(f"B15.{name}", about, figure, relative(0.02), AS)
    for name, about, figure in (
        ("profit", "market maker at g = .1: mean profit", 64.9),
        ("profit-sd", "s.d. of its profit", 6.6),
        ("inventory-sd", "s.d. of its inventory", 2.93),
        ("symmetric-profit", "symmetric quotes: mean profit", 68.0),
        ("symmetric-profit-sd", "s.d. of its profit", 13.5),
        ("symmetric-inventory-sd", "s.d. of its inventory", 8.44),
    )
)

_RUNS = (
    Target("B16.r2", "bank: late payment with 25 % early", 136 / 75, exact(), DD),
    Target("B16.tipping", "share of leavers at which all leave", 0.5625, exact(), DD),
    Target("B16.exhaustion", "share of leavers that takes everything", 0.78125, exact(), DD),
    Target("B17.floor", "USDC: value of the reserve that is not stuck", 0.9175, absolute(1e-9),
           USDC),
    Target("B17.low", "USDC: lowest price", 0.87, band(0.85, 0.89), USDC),
    *(
        Target(f"B17.{name}", f"{about}: redeemed after {when}", figure,
               band(round(0.8 * figure, 4), round(min(1.0, 1.2 * figure), 4)), source)
        for name, about, when, figure, source in (
            ("8h", "USDC", "8 hours", 0.032, USDC),
            ("5d", "USDC", "4 to 5 days", 0.104, USDC),
            ("3w", "USDC", "3 weeks", 0.25, USDC),
            ("mild-8h", "mild", "8 hours", 0.03, MILD),
            ("mild-2d", "mild", "2 days", 0.06, MILD),
            ("mild-4d", "mild", "4 days", 0.10, MILD),
            ("mild-3w", "mild", "3 weeks", 0.25, MILD),
            ("severe-8h", "severe", "8 hours", 0.05, UST),
            ("severe-2d", "severe", "2 days", 0.16, UST),
            ("severe-4d", "severe", "4 days", 0.38, UST),
        )
    ),
    Target("B17.severe-3w", "severe: redeemed after 3 weeks", 0.90, band(0.90, 1.0), UST),
)  # fmt: skip

TARGETS: tuple[Target, ...] = (*_PRICES, *_POOL, *_LOOPS, *_ORACLE, *_MAKING, *_RUNS)


def groups() -> tuple[str, ...]:
    """Return the rows of the table, `B2` to `B17`, in their order."""
    return tuple(dict.fromkeys(target.group for target in TARGETS))


def select(only: set[str]) -> tuple[Target, ...]:
    """Return the targets of the rows, or with the ids, in *only*; all of them where it is empty."""
    return tuple(
        target for target in TARGETS if not only or target.group in only or target.id in only
    )
