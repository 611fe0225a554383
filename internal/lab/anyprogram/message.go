package anyprogram

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/internal/base/nearest"
)

// Message names a request of the program, and the reply to it, in any run.
type Message struct {
	Client int    `json:"client"` // in the order in which clients ask for their sessions, from 1
	Op     string `json:"op"`     // create, getData, connect, …
	Path   string `json:"path,omitempty"`
	Which  int    `json:"which"` // among the client's messages with this Op and Path: 1 is the first, 2 the next, which stands for all later ones
}

// String returns the message as [ParseTry] reads it: create /locks/*#2@client1.
func (m Message) String() string {
	text := m.Op
	if m.Path != "" {
		text += " " + m.Path
	}
	return fmt.Sprintf("%s#%d@client%d", text, m.Which, m.Client)
}

// variable finds what differs from run to run in the name of a znode: UUIDs and other long hexadecimal numbers, and numbers.
var variable = regexp.MustCompile(`[0-9a-fA-F]{8,}(-[0-9a-fA-F]{4,})*|[0-9]+`)

// pattern returns a path without what differs from run to run.
func pattern(path string) string {
	path = variable.ReplaceAllStringFunc(path, func(found string) string {
		if !strings.ContainsAny(found, "0123456789") {
			return found // a word, such as defaced
		}
		return "*"
	})
	for strings.Contains(path, "**") {
		path = strings.ReplaceAll(path, "**", "*")
	}
	return path
}

// Try is a fault at a message.
type Try struct {
	Fault   string  `json:"fault"`
	Message Message `json:"message"`
}

// String returns the try as [ParseTry] reads it.
func (t Try) String() string { return t.Fault + ":" + t.Message.String() }

const tryForm = "reply-lost:create /locks/*#1@client1"

// ParseTry reads a try as [Try.String] writes it. Without #N it is about the first such message, without @clientN about the
// first client.
func ParseTry(text string) (t Try, err error) {
	name, rest, ok := strings.Cut(text, ":")
	if !ok {
		return t, fmt.Errorf("%.80q is not a fault at a message: write %q", text, tryForm)
	}
	if _, ok := faultNamed(name); !ok {
		return t, fmt.Errorf("%.40q is not a fault%sgive one of %s", name, nearest.DidYouMean(name, FaultNames()), strings.Join(FaultNames(), ", "))
	}
	t = Try{Fault: name, Message: Message{Client: 1, Which: 1}}
	for _, part := range []struct {
		mark string
		n    *int
	}{{"@client", &t.Message.Client}, {"#", &t.Message.Which}} {
		i := strings.LastIndex(rest, part.mark)
		if i < 0 {
			continue
		}
		if *part.n, err = strconv.Atoi(rest[i+len(part.mark):]); err != nil || *part.n < 1 {
			return t, fmt.Errorf("%.80q has no number from 1 after %s: write %q", text, part.mark, tryForm)
		}
		rest = rest[:i]
	}
	t.Message.Op, t.Message.Path, _ = strings.Cut(rest, " ")
	if t.Message.Op == "" {
		return t, fmt.Errorf("%.80q names no message: write %q", text, tryForm)
	}
	return t, nil
}

// mostWhich is how many messages of a kind are told apart: the first, and the later ones.
const mostWhich = 2

// triesOf returns all faults at the messages: at the first messages of each kind, then at the later ones.
func triesOf(messages []Message) (all []Try) {
	clients := 0
	for _, m := range messages {
		clients = max(clients, m.Client)
	}
	for which := 1; which <= mostWhich; which++ {
		for _, m := range messages {
			for _, f := range faults {
				if m.Which == which && f.hits(m, clients) {
					all = append(all, Try{f.name, m})
				}
			}
		}
	}
	return all
}

// common returns the messages that come in both runs, in the order of the first, and those that come in one only.
func common(a, b []Message) (both, one []Message) {
	for _, m := range a {
		if slices.Contains(b, m) {
			both = append(both, m)
		} else {
			one = append(one, m)
		}
	}
	for _, m := range b {
		if !slices.Contains(a, m) {
			one = append(one, m)
		}
	}
	return both, one
}
