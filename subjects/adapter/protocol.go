package adapter

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/zklab/zklab/history"
)

// Version is the version of the protocol that this package speaks.
const Version = 1

// maxLine is the longest line that is read, in bytes: ZooKeeper's largest packet
// in base64, and room for the rest.
const maxLine = 2 << 20

// What a request can ask for.
const (
	opOpen    = "open"    // connect, and answer when there is a session
	opMake    = "make"    // make an object: a lock on a path, say
	opAcquire = "acquire" // lock, election
	opRelease = "release"
	opHeld    = "held"   // lock, election: is the present hold not lost?
	opLeader  = "leader" // election
	opPut     = "put"    // queue
	opTake    = "take"
	opRaise   = "raise" // barrier
	opLift    = "lift"
	opAwait   = "await"
	opEnter   = "enter" // double barrier
	opLeave   = "leave"
	opTouch   = "touch" // one quorum write on the session that changes nothing
	opPing    = "ping"  // answer at once
	opCancel  = "cancel"
	opClose   = "close" // an object
	opQuit    = "quit"  // close the session, answer, end
)

// objectOps are what can be asked of an object.
var objectOps = []string{
	opAcquire, opRelease, opHeld, opLeader, opPut, opTake, opRaise, opLift, opAwait, opEnter, opLeave, opClose,
}

// The recipes that objects can be of, by the names of their workloads.
const (
	recipeLock          = history.ModelLock
	recipeQueue         = history.ModelQueue
	recipeBarrier       = history.ModelBarrier
	recipeDoubleBarrier = history.ModelDoubleBarrier
	recipeElection      = history.ModelElection
)

// What an object, or (touch) a client, can offer beyond its recipe's operations.
const (
	offerFence   = "fence"   // acquire gives a fencing token
	offerSession = "session" // acquire gives the session that owns the hold
	offerLost    = "lost"    // the event "lost" is sent, and the operation held is known
	offerLeader  = "leader"  // the operation leader is known
	offerTouch   = "touch"   // the operation touch is known
)

// What can be offered by whom.
var (
	holdOffers     = []string{offerFence, offerSession, offerLost}
	electionOffers = append([]string{offerLeader}, holdOffers...)
)

// eventLost says that a hold has been lost.
const eventLost = "lost"

// request is a line to the program.
type request struct {
	ID int64  `json:"id"` // from 1, rising; of cancel: the request to be cancelled
	Op string `json:"op"`

	Version   int      `json:"version,omitempty"` // open
	Client    *int     `json:"client,omitempty"`
	Servers   []string `json:"servers,omitempty"`    // host:port
	TimeoutMS int64    `json:"timeout_ms,omitempty"` // of the session, to be asked for

	Object    int64  `json:"object,omitempty"` // make, and every operation of an object
	Recipe    string `json:"recipe,omitempty"` // make
	Path      string `json:"path,omitempty"`   // make, touch
	Parties   int    `json:"parties,omitempty"`
	Candidate string `json:"candidate,omitempty"`

	Item []byte `json:"item,omitempty"` // put; base64
}

// reply is a line from the program: an answer, or an event.
type reply struct {
	ID    int64    `json:"id,omitempty"` // of the request; 0 for a line that was no request
	OK    *result  `json:"ok,omitempty"`
	Error *failure `json:"error,omitempty"`

	Event  string `json:"event,omitempty"`
	Object int64  `json:"object,omitempty"`
	Hold   int64  `json:"hold,omitempty"` // the id of the acquire that gave it
}

// result is what an operation that happened came to.
type result struct {
	Version int      `json:"version,omitempty"` // open
	Name    string   `json:"name,omitempty"`    // open: what the program is, for people
	Offers  []string `json:"offers,omitempty"`  // open, make
	// Items, of a queue: children of its znode whose names contain this are items.
	Items string `json:"items,omitempty"`

	Token   history.ID `json:"token,omitempty"`   // acquire
	Session history.ID `json:"session,omitempty"` // acquire
	Item    []byte     `json:"item,omitempty"`    // take; base64
	Leader  string     `json:"leader,omitempty"`  // leader; empty when nobody leads
	Held    bool       `json:"held,omitempty"`    // held
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

// parseReply reads a line from the program. Fields that are not known are passed
// over, so that programs may add to their answers.
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

// brief is the beginning of a line, fit to be shown.
func brief(b []byte) string {
	const most = 120
	b = bytes.TrimSpace(b)
	if len(b) > most {
		return fmt.Sprintf("%q…", b[:most])
	}
	return fmt.Sprintf("%q", b)
}
