package models

import (
	"fmt"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// Operations on a group. A client is at most one member of each group. No two clients join under
// the same name, and no process joins under a name twice. A process that was started again may join
// under the name that its client had before. The last operation is FLeave: invoke Joining with the
// member, ok nothing.
const (
	// FJoin joins the group: invoke Joining, ok nothing.
	FJoin = "join"
	// FList lists the members: invoke nothing, ok Members.
	FList = "list"
	// FChanged waits until the members differ from those that it returned last, at first from none:
	// invoke nothing, ok Members.
	FChanged = "changed"
)

// Joining names the member that joins or leaves.
type Joining struct {
	Member string `json:"member"`
}

// Members are all members of a group, each once, in order.
type Members struct {
	Members []string `json:"members"`
}

// Membership is a group that clients join, leave and list.
var Membership = &Model{
	Name: "membership", About: "a group that lists its live members", Called: "the group",
	State: Entered, Stay: "joined", Sessions: true, OnZnodes: true,
	Operations: []Operation{
		{F: FJoin, Begins: true, Quorum: always, Tell: tellJoining("join", "asked to join"), Words: Words{
			Done: "had joined", Refused: "was refused",
		}},
		{F: FLeave, Ends: true, Quorum: always, Tell: tellJoining("leave", "began to leave"), Words: Words{
			Done: "had left", Refused: "did not leave",
		}},
		{F: FList, Tell: tellMembers("list"), Words: Words{
			Asked: "asked for the members of {key}", Refused: "got no answer",
		}},
		{F: FChanged, Tell: tellMembers("changed"), Words: Words{
			Asked: "waited for a change of {key}", Refused: "saw none",
		}},
	},
}

func tellJoining(name, asked string) func(*history.Operation, *Words) Values {
	return func(op *history.Operation, w *Words) Values {
		var v Joining
		_ = op.Invoke.Decode(&v)
		w.Name = name + " " + shown(v.Member)
		w.Asked = fmt.Sprintf("%s %s as %s", asked, Key(op.Key), Quoted(v.Member))
		return Values{}
	}
}

// mostMembers is the maximum number of members that a list names.
const mostMembers = 12

func tellMembers(name string) func(*history.Operation, *Words) Values {
	return func(op *history.Operation, w *Words) Values {
		var v Members
		w.Name = name
		if returned(op, &v) {
			w.Done = "saw " + Listed(v.Members)
		}
		return Values{}
	}
}

// Listed lists members for people.
func Listed(members []string) string {
	if len(members) == 0 {
		return "none"
	}
	var names []string
	for _, m := range members[:min(len(members), mostMembers)] {
		names = append(names, shown(m))
	}
	text := strings.Join(names, ", ")
	if more := len(members) - mostMembers; more > 0 {
		text += " and " + prose.Count(more, "other")
	}
	return text
}
