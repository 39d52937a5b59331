// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The standard batch reader
/// @notice Own implementation of the part of the Multicall3 interface that readers use, with the
/// selectors and the struct layout of the contract that is deployed on public networks: a client
/// works against either.
contract Multicall3 {
    // --- Types -------------------------------------------------------------------------------

    /// @notice One call of a batch.
    /// @param target Contract that is called.
    /// @param allowFailure Whether the batch goes on when this call reverts.
    /// @param callData Selector and arguments.
    struct Call3 {
        address target;
        bool allowFailure;
        bytes callData;
    }

    /// @notice What one call of a batch answered.
    /// @param success Whether it returned rather than reverted.
    /// @param returnData Return data, or the revert payload.
    struct Result {
        bool success;
        bytes returnData;
    }

    // --- Errors ------------------------------------------------------------------------------

    /// @notice The call at `index` reverted with `reason` and was not allowed to.
    error CallFailed(uint256 index, bytes reason);

    // --- Public ------------------------------------------------------------------------------

    /// @notice Makes `calls` in order and returns their answers.
    /// @dev Payable as the standard is; value sent along stays here, as it does there. Written in
    /// assembly because a scrape of the whole network is one call of this: the answer is laid out in
    /// place, in ABI form, instead of being built as structs and copied. The layout of `calls` is
    /// trusted; whoever encodes it wrongly gets a wrong answer or a revert, and harms nobody.
    /// @param calls The batch.
    /// @return One result for each call, in order.
    function aggregate3(Call3[] calldata calls) external payable returns (Result[] memory) {
        bytes4 callFailed = CallFailed.selector;
        assembly ("memory-safe") {
            let out := mload(0x40)
            mstore(out, 0x20)
            mstore(add(out, 0x20), calls.length)
            let head := add(out, 0x40) // offset of each result, relative to the first offset
            let base := head
            let tail := add(head, shl(5, calls.length)) // the results
            for { let end := tail let entry := calls.offset } lt(head, end) {
                head := add(head, 0x20)
                entry := add(entry, 0x20)
            } {
                // A call is target, allowFailure, offset of callData; callData is length and bytes.
                let item := add(calls.offset, calldataload(entry))
                let data := add(item, calldataload(add(item, 0x40)))
                let size := calldataload(data)
                calldatacopy(tail, add(data, 0x20), size)
                let success := call(gas(), calldataload(item), 0, tail, size, 0, 0)
                size := returndatasize()
                if iszero(or(success, calldataload(add(item, 0x20)))) {
                    mstore(out, callFailed)
                    mstore(add(out, 0x04), shr(5, sub(head, base)))
                    mstore(add(out, 0x24), 0x40)
                    mstore(add(out, 0x44), size)
                    mstore(add(add(out, 0x64), size), 0)
                    returndatacopy(add(out, 0x64), 0, size)
                    revert(out, add(0x64, and(add(size, 0x1f), not(0x1f))))
                }
                mstore(head, sub(tail, base))
                mstore(tail, success)
                mstore(add(tail, 0x20), 0x40)
                mstore(add(tail, 0x40), size)
                tail := add(tail, 0x60)
                mstore(add(tail, size), 0) // what pads the last word
                returndatacopy(tail, 0, size)
                tail := add(tail, and(add(size, 0x1f), not(0x1f)))
            }
            return(out, sub(tail, out))
        }
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice Number of the block that the call runs in.
    function getBlockNumber() external view returns (uint256 blockNumber) {
        blockNumber = block.number;
    }

    /// @notice Timestamp of the block that the call runs in, unix seconds.
    function getCurrentBlockTimestamp() external view returns (uint256 timestamp) {
        timestamp = block.timestamp;
    }

    /// @notice Base fee of the block that the call runs in, wei per gas.
    function getBasefee() external view returns (uint256 basefee) {
        basefee = block.basefee;
    }

    /// @notice Gas limit of the block that the call runs in.
    function getCurrentBlockGasLimit() external view returns (uint256 gaslimit) {
        gaslimit = block.gaslimit;
    }

    /// @notice Id of the chain.
    function getChainId() external view returns (uint256 chainid) {
        chainid = block.chainid;
    }

    /// @notice Balance of `addr` in wei.
    /// @param addr The account.
    function getEthBalance(address addr) external view returns (uint256 balance) {
        balance = addr.balance;
    }
}
