package models

import (
	"fmt"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
)

// Register is one znode whose data is its value. It tests ZooKeeper itself.
var Register = declare(Model{
	Name: "register", About: "the store itself: one znode that is written, compared and set, and read",
	Store: true,
	Operations: []Operation{
		{F: history.FRead, Tell: tellRead, Words: Words{Refused: "failed", Unknown: "no answer is known"}},
		{F: history.FWrite, Quorum: always, Tell: tellWrite, Words: Words{
			Done: "did", Refused: "failed for certain", Unknown: "nobody knows whether it was written",
		}},
		{F: history.FCAS, Quorum: wasNotBeaten, Tell: tellCAS, Words: Words{
			Done: "did", Refused: "did not", Unknown: "nobody knows whether it did",
		}},
	},
})

// wasNotBeaten: a compare-and-set that lost has failed through no fault of the servers.
func wasNotBeaten(op *history.Operation) bool {
	if op.Outcome() != history.Fail || op.Return.Error == nil {
		return true
	}
	code := op.Return.Error.Code
	return code != history.CodeMismatch && code != history.CodeConflict
}

func tellRead(op *history.Operation, w *Words) Values {
	var how history.HowRead
	_ = op.Invoke.Decode(&how)
	var got history.Reading
	returned(op, &got)
	w.Name = "read"
	w.Asked = "began a " + strings.TrimSpace(printable.Text(how.Kind, 20)+" read") + " of " + Key(op.Key)
	w.Done = "got " + Quoted(got.Value) + ofVersion(got.Version)
	if op.Outcome() == history.OK {
		w.Name = "read " + shown(got.Value)
		return Values{Data: &got.Value, Seen: true}
	}
	return Values{}
}

func tellWrite(op *history.Operation, w *Words) Values {
	var v history.Writing
	_ = op.Invoke.Decode(&v)
	w.Name = "write " + shown(v.Value)
	w.Asked = "began to write " + Quoted(v.Value) + " to " + Key(op.Key)
	w.Done += storedAs(op)
	return Values{Data: &v.Value}
}

func tellCAS(op *history.Operation, w *Words) Values {
	var v history.Swap
	_ = op.Invoke.Decode(&v)
	w.Name = "cas " + printable.Text(v.From, 12) + " " + printable.Text(v.To, 12)
	w.Asked = "tried to change " + Key(op.Key) + " from " + Quoted(v.From) + " to " + Quoted(v.To)
	w.Done += storedAs(op)
	return Values{Data: &v.To}
}

func storedAs(op *history.Operation) string {
	var v history.Stored
	returned(op, &v)
	return ofVersion(v.Version)
}

func ofVersion(v int32) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(" (version %d)", v)
}
