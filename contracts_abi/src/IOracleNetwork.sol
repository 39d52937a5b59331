// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What others see of the oracle network
/// @notice Reading prices and verified exports, and everything that the network announces or refuses
/// with. Whoever prices or settles by it depends on this and not on how it is done.
interface IOracleNetwork {
    // --- Types -------------------------------------------------------------------------------

    /// @notice How a feed accepts reports.
    /// @param minAnswer Lowest answer taken; may be negative (WTI settled at -37.63 on 2020-04-20).
    /// @param maxAnswer Highest answer taken.
    /// @param heartbeat Seconds after which a node's next report is due in any case.
    /// @param deviationPips Distance from the present answer that makes a report due at once, pips.
    /// @param maxAge Seconds for which a report counts and an answer is fresh.
    /// @param quorum Fresh reports that an answer takes.
    struct FeedConfig {
        int192 minAnswer;
        int192 maxAnswer;
        uint32 heartbeat;
        uint32 deviationPips;
        uint32 maxAge;
        uint8 quorum;
    }

    // --- Events ------------------------------------------------------------------------------

    /// @notice `node` was admitted.
    event NodeAdded(address indexed node, uint256 count);
    /// @notice `node` was admitted in the shadow: it reports, and counts for nothing.
    event ShadowAdded(address indexed node);
    /// @notice The time that newcomers run in the shadow was set, seconds.
    event ShadowPeriodSet(uint32 oldPeriod, uint32 newPeriod);
    /// @notice Stake, unbonding time, reward and slashing were set.
    event StakingSet(uint256 minStake, uint32 unbonding, uint256 rewardPerReport, uint32 slashPips);
    /// @notice `by` added `amount` to the stake of `node`, now `total`.
    event Staked(address indexed node, address indexed by, uint256 amount, uint256 total);
    /// @notice `node` gave notice of `amount`, which is free at `freeAt`.
    event NoticeGiven(address indexed node, uint256 amount, uint48 freeAt);
    /// @notice `node` took `amount` of its stake out.
    event Withdrawn(address indexed node, uint256 amount);
    /// @notice `node` lost `amount` of its stake to the reward fund.
    event Slashed(address indexed node, uint256 amount, bytes32 indexed reason);
    /// @notice `by` added `amount` to the reward fund.
    event RewardsFunded(address indexed by, uint256 amount);
    /// @notice `node` was paid `amount` for `reports` reports.
    event RewardPaid(bytes32 indexed feed, address indexed node, uint256 reports, uint256 amount);
    /// @notice `node` was dismissed; its reports no longer count.
    event NodeRemoved(address indexed node, uint256 count);
    /// @notice A feed was added, or its configuration replaced.
    event FeedConfigured(bytes32 indexed feed, FeedConfig config);
    /// @notice The number of attestations that verify an export was set.
    event AttestationQuorumSet(uint8 oldQuorum, uint8 newQuorum);
    /// @notice `node` reported `answer` as of `observedAt`.
    event AnswerSubmitted(
        bytes32 indexed feed,
        address indexed node,
        int256 answer,
        uint64 observedAt
    );
    /// @notice The median of `reporters` reports became the answer of round `roundId`.
    event AnswerUpdated(
        bytes32 indexed feed,
        int256 answer,
        uint64 indexed roundId,
        uint8 reporters,
        uint64 updatedAt
    );
    /// @notice `node` attested `quantity`, as `count` nodes have by now.
    event ExportAttested(
        bytes32 indexed documentHash,
        address indexed node,
        uint256 quantity,
        uint256 count
    );
    /// @notice `quantity` reached the quorum, and can be challenged until `finalAt`.
    event ExportAccepted(bytes32 indexed documentHash, uint256 quantity, uint48 finalAt);
    /// @notice `challenger` says `contested` where `accepted` was accepted.
    event ExportChallenged(
        bytes32 indexed documentHash,
        address indexed challenger,
        uint256 accepted,
        uint256 contested
    );
    /// @notice `who` stands for a side (1: the challenger's) with `bond`, unanswered until `finalAt`.
    event BondPosted(
        bytes32 indexed documentHash,
        address indexed who,
        uint8 side,
        uint256 bond,
        uint8 round,
        uint48 finalAt
    );
    /// @notice A dispute ended; `quantity` stands.
    event DisputeDecided(bytes32 indexed documentHash, bool overturned, uint256 quantity);
    /// @notice `who` was paid `amount` for having stood for the side that won.
    event BondCollected(bytes32 indexed documentHash, address indexed who, uint256 amount);
    /// @notice The challenge window and the first bond were set.
    event ChallengeSet(uint32 window, uint256 bond);
    /// @notice `quantity` is verified for good.
    event ExportVerified(bytes32 indexed documentHash, uint256 quantity);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice `caller` is no node.
    error NotANode(address caller);
    /// @notice `node` is one already.
    error AlreadyANode(address node);
    /// @notice The zero address cannot be a node.
    error ZeroNode();
    /// @notice All places are taken.
    error TooManyNodes(uint256 max);
    /// @notice There is no such feed.
    error UnknownFeed(bytes32 feed);
    /// @notice There is such a feed already.
    error FeedExists(bytes32 feed);
    /// @notice The bounds of answers are not in order or exceed MAX_ANSWER.
    error InvalidAnswerBounds(int192 minAnswer, int192 maxAnswer);
    /// @notice `heartbeat` lies outside [`lowest`, `highest`].
    error HeartbeatOutOfBounds(uint32 heartbeat, uint32 lowest, uint32 highest);
    /// @notice `deviationPips` lies outside [`lowest`, `highest`].
    error DeviationOutOfBounds(uint32 deviationPips, uint32 lowest, uint32 highest);
    /// @notice `maxAge` lies outside [`lowest`, `highest`]: the heartbeat and MAX_MAX_AGE.
    error MaxAgeOutOfBounds(uint32 maxAge, uint32 lowest, uint32 highest);
    /// @notice `quorum` lies outside [`lowest`, `highest`].
    error QuorumOutOfBounds(uint8 quorum, uint8 lowest, uint8 highest);
    /// @notice `answer` lies outside the feed's bounds.
    error AnswerOutOfBounds(bytes32 feed, int192 answer, int192 minAnswer, int192 maxAnswer);
    /// @notice `observedAt` lies after the block's time.
    error ObservedInFuture(uint64 observedAt, uint256 timestamp);
    /// @notice `observedAt` lies before `oldest`, what the feed's maxAge allows.
    error ObservationTooOld(uint64 observedAt, uint256 oldest);
    /// @notice `observedAt` is not after `last`, the node's last report.
    error NotNewer(uint64 observedAt, uint64 last);
    /// @notice The answer has not moved far enough, and the heartbeat is due at `dueAt` only.
    error NotDue(bytes32 feed, address node, uint256 dueAt);
    /// @notice The feed has no answer younger than its maxAge.
    error StaleFeed(bytes32 feed, uint64 updatedAt);
    /// @notice `quantity` is zero or above `max`.
    error QuantityOutOfBounds(uint256 quantity, uint256 max);
    /// @notice `node` attested the document before.
    error AlreadyAttested(bytes32 documentHash, address node);
    /// @notice `node` has to run in the shadow for `period` seconds first.
    error ShadowFirst(address node, uint32 period);
    /// @notice `node` is not in the shadow.
    error NotAShadow(address node);
    /// @notice `node` can be promoted at `notBefore`.
    error ShadowTooShort(address node, uint256 notBefore);
    /// @notice `period` lies outside [`lowest`, `highest`].
    error PeriodOutOfBounds(uint32 period, uint32 lowest, uint32 highest);
    /// @notice `amount` is above `max`, or zero where that makes no sense.
    error AmountOutOfBounds(uint256 amount, uint256 max);
    /// @notice `bond` lies outside [`lowest`, `highest`].
    error BondOutOfBounds(uint256 bond, uint256 lowest, uint256 highest);
    /// @notice The stake of `node` would be `standing`, below `minStake`.
    error StakeTooSmall(address node, uint256 standing, uint256 minStake);
    /// @notice There is no notice, or its time comes at `freeAt`.
    error NotWithdrawable(uint256 amount, uint48 freeAt);
    /// @notice Nothing is owed, or more than the fund holds.
    error NothingToPay(uint256 amount, uint256 fund);
    /// @notice The export is in `phase`, which does not allow this.
    error WrongPhase(bytes32 documentHash, uint8 phase);
    /// @notice The window closed at `finalAt`.
    error WindowClosed(bytes32 documentHash, uint48 finalAt);
    /// @notice The window is open until `finalAt`, or rounds are left.
    error WindowOpen(bytes32 documentHash, uint48 finalAt);
    /// @notice The challenge says what was accepted.
    error NothingContested(bytes32 documentHash, uint256 quantity);
    /// @notice All rounds are used up: the arbiter rules.
    error OnlyTheArbiter(bytes32 documentHash);
    /// @notice `node` attested nothing wrong here, or was slashed for it before.
    error NotSlashable(bytes32 documentHash, address node);

    // --- Views -------------------------------------------------------------------------------

    /// @notice The present answer of a feed, however old; roundId 0 when there is none yet.
    /// @param feed Id of the feed.
    /// @return answer Price, eight decimals.
    /// @return updatedAt Unix seconds at which it was accepted.
    /// @return roundId Counts the updates of the feed.
    /// @return reporters Reports that it is the median of.
    function latest(
        bytes32 feed
    ) external view returns (int256 answer, uint64 updatedAt, uint64 roundId, uint8 reporters);

    /// @notice The answer of a feed, which must be fresh.
    /// @param feed Id of the feed.
    /// @return answer Price, eight decimals.
    function fresh(bytes32 feed) external view returns (int256 answer);

    /// @notice Whether a feed has no answer younger than its maxAge.
    /// @param feed Id of the feed.
    function isStale(bytes32 feed) external view returns (bool);

    /// @notice How a feed accepts reports.
    /// @param feed Id of the feed.
    function feedConfig(bytes32 feed) external view returns (FeedConfig memory);

    /// @notice The quantity of an export that was verified, if one was.
    /// @param documentHash Hash of the export document.
    /// @return ok Whether one was.
    /// @return quantity Thousandths of the commodity's unit.
    function verified(bytes32 documentHash) external view returns (bool ok, uint256 quantity);
}
