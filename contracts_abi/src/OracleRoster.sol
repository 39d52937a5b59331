// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IOracleNetwork} from "./IOracleNetwork.sol";
import {Stoppable} from "./Stoppable.sol";

/// @title The nodes of the oracle network
/// @notice Up to 31 nodes, each at a place. A newcomer may have to run in the shadow first: its
/// reports are recorded and seen, but count for nothing until it is promoted.
/// @dev The roster of counted nodes is one word, so that a median costs one load for it. A node keeps
/// its place; when it leaves, the place's generation moves on, so that reports of a former holder no
/// longer count and nothing has to be erased feed by feed.
abstract contract OracleRoster is Stoppable, IOracleNetwork {
    // --- Constants ---------------------------------------------------------------------------

    /// @dev Most nodes there can be, shadows included.
    uint8 internal constant MAX_NODES = 31;
    /// @dev Longest time that a newcomer has to run in the shadow.
    uint32 internal constant MAX_SHADOW = 90 days;

    // --- State -------------------------------------------------------------------------------

    /// @dev Byte i (from the right) is the generation of place i, 0 where no counted node holds it;
    /// byte 31 counts the counted nodes.
    uint256 internal _roster;
    /// @dev Byte i is the last generation that place i had.
    uint256 internal _generations;
    /// @notice Seconds that a newcomer runs in the shadow; 0 lets it count at once.
    uint32 public shadowPeriod;
    mapping(address node => uint256 placePlusOne) internal _place;
    address[MAX_NODES] internal _nodeAt;
    mapping(address node => uint256) private _shadowSince;
    mapping(address node => uint256) internal _shadowReports;

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Admits a node that counts at once; only while there is no shadow period.
    /// Role: ORACLE_ADMIN.
    /// @param node Address that will report.
    function addNode(address node) external restricted {
        if (shadowPeriod != 0) revert ShadowFirst(node, shadowPeriod);
        _promote(node, _admit(node));
    }

    /// @notice Admits a node in the shadow. Role: ORACLE_ADMIN.
    /// @param node Address that will report.
    function addShadow(address node) external restricted {
        _admit(node);
        _shadowSince[node] = block.timestamp;
        _shadowReports[node] = 0;
        emit ShadowAdded(node);
    }

    /// @notice Lets a shadow count from now on. Role: ORACLE_ADMIN.
    /// @dev Its place enters a new generation: what it reported in the shadow neither counts nor
    /// earns, and its next report is due at once.
    /// @param node In the shadow for at least the shadow period.
    function promote(address node) external restricted {
        uint256 since = _shadowSince[node];
        if (since == 0) revert NotAShadow(node);
        if (block.timestamp < since + shadowPeriod) {
            revert ShadowTooShort(node, since + shadowPeriod);
        }
        delete _shadowSince[node];
        _nextGeneration(_place[node] - 1);
        _promote(node, _place[node] - 1);
    }

    /// @notice Dismisses a node, counted or shadow. Role: ORACLE_ADMIN.
    /// @dev Answers stand until the next report; attestations that the node made keep counting.
    /// Rewards that it has not claimed are forfeited; its stake stays its own.
    /// @param node A node.
    function removeNode(address node) external restricted {
        uint256 place = _place[node];
        if (place == 0) revert NotANode(node);
        --place;
        uint256 roster = _roster;
        if (_shadowSince[node] == 0) {
            roster = (roster & ~(uint256(0xff) << (place << 3))) - (1 << 248);
            _roster = roster;
        }
        delete _shadowSince[node];
        delete _place[node];
        delete _nodeAt[place];
        emit NodeRemoved(node, _count(roster));
    }

    /// @notice Sets how long a newcomer runs in the shadow. Role: ORACLE_ADMIN.
    /// @param newPeriod Seconds, at most MAX_SHADOW.
    function setShadowPeriod(uint32 newPeriod) external restricted {
        if (newPeriod > MAX_SHADOW) revert PeriodOutOfBounds(newPeriod, 0, MAX_SHADOW);
        uint32 oldPeriod = shadowPeriod;
        shadowPeriod = newPeriod;
        emit ShadowPeriodSet(oldPeriod, newPeriod);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice Whether `account` is a node that counts.
    /// @param account Anybody.
    function isNode(address account) public view returns (bool) {
        return _place[account] != 0 && _shadowSince[account] == 0;
    }

    /// @notice How a node runs in the shadow.
    /// @param account Anybody.
    /// @return since Unix seconds; 0 where it does not.
    /// @return reports Reports that it made while it last did.
    function shadow(address account) external view returns (uint256 since, uint256 reports) {
        return (_shadowSince[account], _shadowReports[account]);
    }

    /// @notice The nodes that count, by place.
    function nodes() public view returns (address[] memory list) {
        uint256 roster = _roster;
        list = new address[](_count(roster));
        uint256 found;
        for (uint256 place; found < list.length; ++place) {
            if (uint8(roster >> (place << 3)) != 0) list[found++] = _nodeAt[place];
        }
    }

    // --- Internal ----------------------------------------------------------------------------

    /// @dev Called before a node is let in: whoever needs a stake refuses here.
    function _requireAdmissible(address node) internal view virtual;

    function _admit(address node) private returns (uint256 place) {
        if (node == address(0)) revert ZeroNode();
        if (_place[node] != 0) revert AlreadyANode(node);
        _requireAdmissible(node);
        while (place < MAX_NODES && _nodeAt[place] != address(0)) ++place;
        if (place == MAX_NODES) revert TooManyNodes(MAX_NODES);
        _nextGeneration(place);
        _place[node] = place + 1;
        _nodeAt[place] = node;
    }

    /// @dev Generations run 1..255 and start again: a former holder's report could count once more
    /// only if its place changed hands 255 times within the feed's maxAge.
    function _nextGeneration(uint256 place) private {
        uint256 shift = place << 3;
        uint256 generation = uint8(_generations >> shift);
        generation = generation == type(uint8).max ? 1 : generation + 1;
        _generations = (_generations & ~(uint256(0xff) << shift)) | (generation << shift);
    }

    function _promote(address node, uint256 place) private {
        uint256 generation = uint256(_generationOf(place));
        uint256 roster = (_roster | (generation << (place << 3))) + (1 << 248);
        _roster = roster;
        emit NodeAdded(node, _count(roster));
    }

    /// @dev The generation of a place that a node holds, counted or shadow.
    function _generationOf(uint256 place) internal view returns (uint8) {
        return uint8(_generations >> (place << 3));
    }

    function _count(uint256 roster) internal pure returns (uint256) {
        return roster >> 248;
    }
}
