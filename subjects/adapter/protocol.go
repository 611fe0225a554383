package adapter

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/zklab/zklab/internal/contracts"
)

// Version is the version of the protocol that this package speaks.
const Version = 2

// maxLine is the longest line that is read, in bytes: ZooKeeper's largest packet in base64,
// and room for the rest.
const maxLine = 2 << 20

// What a request can ask for.
const (
	opOpen   = "open"   // connect, and answer when there is a session
	opMake   = "make"   // make an object: a lock on a path, say
	opCall   = "call"   // do an operation of an object
	opClose  = "close"  // end an object
	opTouch  = "touch"  // one quorum write on the session that changes nothing
	opPing   = "ping"   // answer at once
	opCancel = "cancel" // another request
	opQuit   = "quit"   // close the session, answer, and be ready for another open
)

// offerTouch is offered by a client that supports touch.
const offerTouch = "touch"

// eventLost reports that a hold has been lost. The offer for this event has the same name.
const eventLost = contracts.OfferLost

// request is a line to the program.
type request struct {
	ID int64  `json:"id"` // from 1, rising; of cancel: the request to be cancelled
	Op string `json:"op"`

	Version   int      `json:"version,omitempty"` // open
	Client    *int     `json:"client,omitempty"`
	Servers   []string `json:"servers,omitempty"`    // host:port
	TimeoutMS int64    `json:"timeout_ms,omitempty"` // of the session, to be asked for

	Object    int64           `json:"object,omitempty"`    // make, call, close
	Recipe    string          `json:"recipe,omitempty"`    // make
	Path      string          `json:"path,omitempty"`      // make, touch
	Operation string          `json:"operation,omitempty"` // call
	Value     json.RawMessage `json:"value,omitempty"`     // make, call: the argument
}

// reply is a line from the program: an answer, or an event.
type reply struct {
	ID    int64    `json:"id,omitempty"` // of the request; 0 for a line that was no request
	OK    *result  `json:"ok,omitempty"`
	Error *failure `json:"error,omitempty"`

	Event  string `json:"event,omitempty"`
	Object int64  `json:"object,omitempty"`
	Hold   int64  `json:"hold,omitempty"` // the id of the call that gave it
}

// result is the result of a successful request.
type result struct {
	Version int             `json:"version,omitempty"` // open
	Name    string          `json:"name,omitempty"`    // open: what the program is, for people
	Offers  []string        `json:"offers,omitempty"`  // open, make
	Value   json.RawMessage `json:"value,omitempty"`   // make, call
}

// failure is why an operation failed.
type failure struct {
	Code     string `json:"code"`
	Message  string `json:"message"`
	NoEffect bool   `json:"no_effect,omitempty"` // it certainly had none
}

// line writes a request or reply as a line.
func line(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if len(b) > maxLine {
		return nil, fmt.Errorf("a line of %d bytes is longer than %d", len(b), maxLine)
	}
	return append(b, '\n'), nil
}

// parseReply parses a line from the program. It ignores unknown fields, so that programs
// may add to their answers.
func parseReply(b []byte) (reply, error) {
	var r reply
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("no reply: %s", brief(b))
	}
	kinds := 0
	for _, is := range []bool{r.OK != nil, r.Error != nil, r.Event != ""} {
		if is {
			kinds++
		}
	}
	if kinds != 1 {
		return r, fmt.Errorf("neither ok nor error nor event, or more than one: %s", brief(b))
	}
	return r, nil
}

// brief returns the beginning of a line, for display.
func brief(b []byte) string {
	const most = 120
	b = bytes.TrimSpace(b)
	if len(b) > most {
		return fmt.Sprintf("%q…", b[:most])
	}
	return fmt.Sprintf("%q", b)
}
