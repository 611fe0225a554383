package history

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
)

// Upper limits of parameters. ZooKeeper's protocol and its servers count timeouts in milliseconds,
// as 32-bit integers.
const (
	mostParameter    = math.MaxInt32 // for numbers
	LongestParameter = math.MaxInt32 * time.Millisecond
)

// Check returns an error if some parameter has an impossible value. The error names the parameter
// as the file does. A parameter that is 0 is accepted.
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
			if v < 0 || v > LongestParameter {
				return fmt.Errorf("%s is %d: expected nanoseconds from 0 to %d", name, int64(v), int64(LongestParameter))
			}
		}
	}
	return nil
}

// LeaderLag limits how far a leader may be behind its followers. A leader sends a commit to its
// followers before it applies the commit itself, and answers a sync of its own clients at once. So
// its clients can miss what a client of a faster follower has already seen (observed: 12 ms on an
// idle machine, ZooKeeper 3.9).
const LeaderLag = 250 * time.Millisecond

// Age limits the age of the state that a server shows to a client ("Programmer's Guide, Consistency
// Guarantees, Timeliness"). It returns 0 if the servers' limits are unknown.
//
// A leader drops a learner that takes more than syncLimit ticks to acknowledge a proposal
// (LearnerHandler.SyncLimitCheck), so a commit is on its way for no longer than that. A learner
// gives up a leader from which it hears nothing for syncLimit ticks. A leader steps down when no
// majority answers for as long. Both check at whole ticks. A server that stands still notices
// neither, but its client does, within a session timeout. One more second allows for everything
// else.
func (p Params) Age() time.Duration {
	if p.SyncLimit == 0 || p.Tick == 0 || p.SessionTimeout == 0 {
		return 0
	}
	return time.Duration(2*p.SyncLimit+2)*p.Tick + p.SessionTimeout + time.Second
}
