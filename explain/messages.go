package explain

import (
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
)

// This file tells which messages of the calls in a scene faults took on their way: such a call cannot know what
// became of its request.

// mostMessages is the maximum number of lost messages in a story. Those that come first are told.
const mostMessages = 4

// message is a message that a fault took.
type message struct {
	at   time.Duration
	text string
}

// messages finds the messages about the scene's key that faults took from clients during their calls.
func (r *Reader) messages(s *Scene) {
	for _, l := range r.lost {
		if len(s.messages) == mostMessages {
			return
		}
		if !aboutKey(l.Path, s.key) || !slices.ContainsFunc(s.Steps, func(st Step) bool { return st.Row == l.Client && st.from(l.At) }) {
			continue
		}
		request := "the request " + printable.Text(l.Op, 20) + " of " + client(l.Client)
		m := message{l.At, request + " was lost on its way to the server"}
		if l.What == history.LostReply {
			m.text = "the server carried out " + request + ", and its reply was lost"
		}
		s.messages = append(s.messages, m)
	}
}

// from reports whether the step is a call that was under way at a time.
func (st *Step) from(at time.Duration) bool { return st.op != nil && st.From <= at && at <= st.To }

// aboutKey reports whether a path is that of a key's znode, or below it. Paths have the run's root, which scenes do
// not know.
func aboutKey(path, key string) bool {
	return key != "" && strings.Contains(path+"/", "/"+key+"/")
}
