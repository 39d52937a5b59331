// A judge of traces: go-ethereum runs the transactions of a block and prints what its tracers say.
//
// Standard input holds one JSON document a line: {alloc, env, txs, asked}. For each, a line is
// printed: a list with, for each transaction, the answers to each {tracer, tracerConfig} asked.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/big"
	"os"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/eth/tracers"
	"github.com/ethereum/go-ethereum/eth/tracers/logger"
	_ "github.com/ethereum/go-ethereum/eth/tracers/native"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/tests"
)

type env struct {
	Number, Timestamp, GasLimit hexutil.Uint64
	BaseFee                     *hexutil.Big
	Coinbase                    common.Address
	Prevrandao                  common.Hash
	Hashes                      []common.Hash
	ChainID                     *hexutil.Big
}

type transaction struct {
	From       common.Address
	To         *common.Address
	Nonce, Gas hexutil.Uint64
	Value      *hexutil.Big
	MaxFee     *hexutil.Big
	Tip        *hexutil.Big
	Data       hexutil.Bytes
	AccessList types.AccessList
}

type question struct {
	Tracer       string
	TracerConfig json.RawMessage
}

type document struct {
	Alloc types.GenesisAlloc
	Env   env
	Txs   []transaction
	Asked []question
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<24)
	decoder := json.NewDecoder(lines)
	out := json.NewEncoder(os.Stdout)
	for {
		var asked document
		if err := decoder.Decode(&asked); err != nil {
			if err.Error() == "EOF" {
				return
			}
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		answers := make([][]json.RawMessage, len(asked.Txs))
		for _, q := range asked.Asked {
			for at, answer := range answer(asked, q) {
				answers[at] = append(answers[at], answer)
			}
		}
		if err := out.Encode(answers); err != nil {
			panic(err)
		}
	}
}

func answer(doc document, q question) []json.RawMessage {
	config := *params.MergedTestChainConfig
	config.ChainID = doc.Env.ChainID.ToInt()
	config.PragueTime, config.OsakaTime, config.VerkleTime = nil, nil, nil
	pre := tests.MakePreState(rawdb.NewMemoryDatabase(), doc.Alloc, false, rawdb.HashScheme)
	defer pre.Close()
	random := doc.Env.Prevrandao
	block := vm.BlockContext{
		CanTransfer: core.CanTransfer,
		Transfer:    core.Transfer,
		GetHash: func(n uint64) common.Hash {
			depth := uint64(doc.Env.Number) - n - 1
			if depth < uint64(len(doc.Env.Hashes)) {
				return doc.Env.Hashes[depth]
			}
			return common.Hash{}
		},
		Coinbase:    doc.Env.Coinbase,
		BlockNumber: new(big.Int).SetUint64(uint64(doc.Env.Number)),
		Time:        uint64(doc.Env.Timestamp),
		Difficulty:  new(big.Int),
		GasLimit:    uint64(doc.Env.GasLimit),
		BaseFee:     doc.Env.BaseFee.ToInt(),
		BlobBaseFee: big.NewInt(1), // what it is where there are no blobs
		Random:      &random,
	}
	var answers []json.RawMessage
	for at, tx := range doc.Txs {
		answers = append(answers, trace(&config, block, pre.StateDB, tx, at, q))
	}
	return answers
}

func trace(config *params.ChainConfig, block vm.BlockContext, db *state.StateDB, tx transaction, at int, q question) json.RawMessage {
	inner := types.NewTx(&types.DynamicFeeTx{
		ChainID: config.ChainID, Nonce: uint64(tx.Nonce), GasTipCap: tx.Tip.ToInt(),
		GasFeeCap: tx.MaxFee.ToInt(), Gas: uint64(tx.Gas), To: tx.To, Value: tx.Value.ToInt(),
		Data: tx.Data, AccessList: tx.AccessList,
	})
	price := new(big.Int).Add(block.BaseFee, tx.Tip.ToInt())
	if price.Cmp(tx.MaxFee.ToInt()) > 0 {
		price = tx.MaxFee.ToInt()
	}
	message := &core.Message{
		From: tx.From, To: tx.To, Nonce: uint64(tx.Nonce), Value: tx.Value.ToInt(),
		GasLimit: uint64(tx.Gas), GasPrice: price, GasFeeCap: tx.MaxFee.ToInt(),
		GasTipCap: tx.Tip.ToInt(), Data: tx.Data, AccessList: tx.AccessList,
	}
	var tracer *tracers.Tracer
	context := &tracers.Context{TxIndex: at, TxHash: inner.Hash(), BlockNumber: block.BlockNumber}
	if q.Tracer == "" {
		var c logger.Config
		if q.TracerConfig != nil {
			if err := json.Unmarshal(q.TracerConfig, &c); err != nil {
				panic(err)
			}
		}
		l := logger.NewStructLogger(&c)
		tracer = &tracers.Tracer{Hooks: l.Hooks(), GetResult: l.GetResult, Stop: l.Stop}
	} else {
		var err error
		tracer, err = tracers.DefaultDirectory.New(q.Tracer, context, q.TracerConfig, config)
		if err != nil {
			panic(err)
		}
	}
	hooked := state.NewHookedState(db, tracer.Hooks)
	machine := vm.NewEVM(block, hooked, config, vm.Config{Tracer: tracer.Hooks, NoBaseFee: true})
	db.SetTxContext(inner.Hash(), at)
	var used uint64
	pool := new(core.GasPool).AddGas(uint64(tx.Gas))
	_, err := core.ApplyTransactionWithEVM(message, pool, db, block.BlockNumber, common.Hash{}, inner, &used, machine)
	if err != nil {
		text, _ := json.Marshal(map[string]string{"refused": err.Error()})
		return text
	}
	result, err := tracer.GetResult()
	if err != nil {
		panic(err)
	}
	return result
}
