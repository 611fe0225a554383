package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
)

// This file finds the messages of the calls in a scene that were lost: by a fault, or because the
// connection ended. The client of such a call cannot know what became of its request.

// mostMessages is the maximum number of lost messages in a story. The earliest ones are told.
const mostMessages = 4

// message is a message that was lost.
type message struct {
	at   time.Duration
	text func(Clock) string
}

// openRequest is a request that had no reply when its connection ended.
type openRequest struct {
	history.UnansweredRequest
	client int
	ended  time.Duration // when the connection ended
}

// openRequests returns the requests that had no reply when their connection ended, in order of these ends.
func openRequests(h *history.History) (all []openRequest) {
	for i := range h.Events {
		e := &h.Events[i]
		if e.F != history.FUnanswered || e.Process != history.SessionProcess {
			continue
		}
		var v history.Unanswered
		_ = e.Decode(&v)
		for _, q := range v.Requests {
			all = append(all, openRequest{q, e.Client, e.Time})
		}
	}
	return all
}

// messages finds the messages about the scene's key that were lost during calls of the scene.
func (r *Reader) messages(s *Scene) {
	meets := func(path string, client int, at time.Duration) bool {
		return aboutKey(path, s.key) && slices.ContainsFunc(s.Steps, func(st Step) bool { return st.Row == client && st.from(at) })
	}
	for _, l := range r.lost {
		if !meets(l.Path, l.Client, l.At) {
			continue
		}
		request := "the request " + printable.Text(l.Op, 20) + " of " + client(l.Client)
		text := request + " was lost on its way to the server"
		switch {
		case l.What == history.LostReply && l.Refused != "":
			text = "the server refused " + request + " (" + printable.Text(l.Refused, 40) + "), and its reply was lost"
		case l.What == history.LostReply:
			text = "the server carried out " + request + ", and its reply was lost"
		}
		s.messages = append(s.messages, message{l.At, func(clock Clock) string { return text + " at " + clock(l.At) }})
	}
	for _, q := range r.open {
		if !meets(q.Path, q.client, q.Sent) {
			continue
		}
		s.messages = append(s.messages, message{q.Sent, func(clock Clock) string {
			return fmt.Sprintf("%s sent the request %s of %s at %s, and its connection ended at %s, before a reply came", client(q.client),
				printable.Text(q.Op, 20), printable.Text(tail(q.Path, s.key), mostKey), clock(q.Sent), clock(q.ended))
		}})
	}
	slices.SortStableFunc(s.messages, func(a, b message) int { return cmp.Compare(a.at, b.at) })
	s.messages = s.messages[:min(len(s.messages), mostMessages)]
}

// tail returns the part of a path from a key's znode on.
func tail(path, key string) string { return path[strings.Index(path+"/", "/"+key+"/")+1:] }

// from reports whether the step is a call that was under way at a time.
func (st *Step) from(at time.Duration) bool { return st.op != nil && st.From <= at && at <= st.To }

// aboutKey reports whether a path is a key's znode or lies below it. Paths begin with the run's root, which
// scenes do not know.
func aboutKey(path, key string) bool {
	return key != "" && strings.Contains(path+"/", "/"+key+"/")
}
