package models

import (
	"fmt"
	"strconv"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
)

// FAdd adds to a counter: invoke Addition, ok Count. The other operations come from a register:
// FCAS (invoke CountSwap, ok nothing, fail with CodeMismatch) and FRead
// (invoke HowRead, ok Count).
const FAdd = "add"

// Addition is the argument of FAdd.
type Addition struct {
	Delta int64 `json:"delta"`
}

// CountSwap has the expected value of a counter and the value to set.
type CountSwap struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Count is the value of a counter after an addition or in a read.
type Count struct {
	Value int64 `json:"value"`
}

// Counter is an integer to which clients add.
var Counter = &Model{
	Name: "counter", About: "a shared counter",
	Operations: []Operation{
		{F: FAdd, Quorum: always, Tell: tellAdd, Words: Words{Refused: "failed"}},
		{F: FCAS, Quorum: wasNotBeaten, Tell: tellCountSwap, Words: Words{
			Done: "did", Refused: "did not",
		}},
		{F: FRead, Reads: true, Tell: tellCount, Words: Words{Refused: "failed"}},
	},
}

func tellAdd(op *history.Operation, w *Words) Values {
	var v Addition
	_ = op.Invoke.Decode(&v)
	w.Name = "add " + strconv.FormatInt(v.Delta, 10)
	w.Asked = fmt.Sprintf("began to add %d to %s", v.Delta, Key(op.Key))
	w.Done = gotCount(op, w)
	return Values{Data: gotData(op)}
}

func tellCountSwap(op *history.Operation, w *Words) Values {
	var v CountSwap
	_ = op.Invoke.Decode(&v)
	w.Name = fmt.Sprintf("cas %d %d", v.From, v.To)
	w.Asked = fmt.Sprintf("tried to change %s from %d to %d", Key(op.Key), v.From, v.To)
	to := strconv.FormatInt(v.To, 10)
	return Values{Data: &to}
}

func tellCount(op *history.Operation, w *Words) Values {
	var how HowRead
	_ = op.Invoke.Decode(&how)
	w.Name = "read"
	w.Asked = "began a " + printable.Text(how.Kind, 20) + " read of " + Key(op.Key)
	w.Done = gotCount(op, w)
	return Values{Data: gotData(op), Seen: true}
}

// gotData returns the data of the counter's znode according to an answer, or nil if there is none.
func gotData(op *history.Operation) *string {
	var got Count
	if !returned(op, &got) {
		return nil
	}
	data := strconv.FormatInt(got.Value, 10)
	return &data
}

// gotCount returns the answer to an operation and adds it to the operation's name.
func gotCount(op *history.Operation, w *Words) string {
	var got Count
	returned(op, &got)
	value := strconv.FormatInt(got.Value, 10)
	if op.Outcome() == history.OK {
		w.Name += ": " + value
	}
	return "got " + value
}
