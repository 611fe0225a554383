package history

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
)

// Bounds of what a run can have had. ZooKeeper's protocol and its servers count
// time-outs in milliseconds of 32 bits.
const (
	mostParameter    = math.MaxInt32 // of a number
	longestParameter = math.MaxInt32 * time.Millisecond
)

// Check says which parameter no run can have had, by its name in the file; nil: all
// are possible. A parameter that is 0 is not told.
func (p Params) Check() error {
	fields := reflect.TypeFor[Params]()
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ",")
		switch v := reflect.ValueOf(p).Field(i).Interface().(type) {
		case int:
			if v < 0 || v > mostParameter {
				return fmt.Errorf("%s is %d: expected a number from 0 to %d", name, v, mostParameter)
			}
		case time.Duration:
			if v < 0 || v > longestParameter {
				return fmt.Errorf("%s is %d: expected nanoseconds from 0 to %d", name, int64(v), int64(longestParameter))
			}
		}
	}
	return nil
}

// LeaderLag is how far a leader may be behind its followers. It sends them a commit before it
// does it itself, and answers a sync of its own clients at once: they can miss what a client
// of a quicker follower was told of (seen: 12 ms on an idle machine, ZooKeeper 3.9).
const LeaderLag = 250 * time.Millisecond

// Age is how old the state may be that a client is shown ("Programmer's Guide, Consistency
// Guarantees, Timeliness"); 0: the servers' limits are not known.
//
// A leader drops a learner that takes more than syncLimit ticks to acknowledge a proposal, so
// that a commit is no longer on its way than that (LearnerHandler.SyncLimitCheck). A learner gives
// up a leader of which it hears nothing for syncLimit ticks, and a leader steps down when no
// majority answers for as long; both look at whole ticks. A server that stands still meanwhile
// notices nothing, but its client does, within a session time-out. A second is for everything
// else.
func (p Params) Age() time.Duration {
	if p.SyncLimit == 0 || p.Tick == 0 || p.SessionTimeout == 0 {
		return 0
	}
	return time.Duration(2*p.SyncLimit+2)*p.Tick + p.SessionTimeout + time.Second
}
