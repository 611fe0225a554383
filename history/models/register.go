package models

import (
	"fmt"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
)

// Operations on a register: one znode, whose data is its value. It begins with
// the value "", which no client writes. Every other value is written once in a run.
// The third operation is FWrite: invoke Writing, ok Stored.
const (
	// FRead reads the value: invoke HowRead, ok Reading.
	FRead = "read"
	// FCAS compares and sets the value: invoke Swap, ok Stored. A fail with the code
	// CodeMismatch or CodeConflict lost against an earlier write.
	FCAS = "cas"
)

// Error codes of a compare-and-set that had no effect.
const (
	CodeMismatch = "mismatch" // the znode had another value
	CodeConflict = "conflict" // another write came between the comparison and the set
)

// Reading is the value of a read's ok.
type Reading struct {
	Value string `json:"value"`
	// Mzxid is the zxid of the write that made the value, if the subject reports it; for the value
	// "" it is the zxid of the znode's creation. Version is the znode's.
	Mzxid   history.ID `json:"mzxid,omitempty"`
	Version int32      `json:"version,omitempty"`
}

// Writing is the value of a register's write.
type Writing struct {
	Value string `json:"value"`
}

// Swap is the value of a compare-and-set.
type Swap struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Stored is the value of the ok of a write or compare-and-set. Version is the znode's version that
// it made, if the subject reports it: the znode begins with version 0, and each write adds one. The
// zxid of the write is history.Event.Zxid.
type Stored struct {
	Version int32 `json:"version,omitempty"`
}

// Register is one znode whose data is its value. It tests ZooKeeper itself.
var Register = &Model{
	Name: "register", About: "the store itself: writes, compare-and-set and reads of one znode",
	Store: true, Packs: true,
	Operations: []Operation{
		{F: FRead, Reads: true, Tell: tellRead, Words: Words{Refused: "failed"}},
		{F: FWrite, Quorum: always, Tell: tellWrite, Words: Words{
			Done: "did", Refused: "failed",
		}},
		{F: FCAS, Quorum: wasNotBeaten, Tell: tellCAS, Words: Words{
			Done: "did", Refused: "did not",
		}},
	},
}

// wasNotBeaten reports whether a compare-and-set did not lose against an earlier write.
// If it lost, it failed through no fault of the servers.
func wasNotBeaten(op *history.Operation) bool {
	if op.Outcome() != history.Fail || op.Return.Error == nil {
		return true
	}
	code := op.Return.Error.Code
	return code != CodeMismatch && code != CodeConflict
}

func tellRead(op *history.Operation, w *Words) Values {
	var how HowRead
	_ = op.Invoke.Decode(&how)
	var got Reading
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
	var v Writing
	_ = op.Invoke.Decode(&v)
	w.Name = "write " + shown(v.Value)
	w.Asked = "began to write " + Quoted(v.Value) + " to " + Key(op.Key)
	w.Done += storedAs(op)
	return Values{Data: &v.Value}
}

func tellCAS(op *history.Operation, w *Words) Values {
	var v Swap
	_ = op.Invoke.Decode(&v)
	w.Name = "cas " + printable.Text(v.From, 12) + " " + printable.Text(v.To, 12)
	w.Asked = "tried to change " + Key(op.Key) + " from " + Quoted(v.From) + " to " + Quoted(v.To)
	w.Done += storedAs(op)
	return Values{Data: &v.To}
}

func storedAs(op *history.Operation) string {
	var v Stored
	returned(op, &v)
	return ofVersion(v.Version)
}

func ofVersion(v int32) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(" (version %d)", v)
}
