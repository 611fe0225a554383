package trackrecord

import "strings"

// measured is the command of a generic workload with a generic mix of faults, and the bugs that it
// should find in a subject.
type measured struct {
	subject string
	args    string // without the subject
	bugs    []bug
}

// of returns the command for a subject, quoted for a shell.
func (c measured) of(subject string) []string {
	args := append([]string{"zklab"}, strings.Fields(c.args)...)
	if subject == "zklab" {
		return args
	}
	return append(args[:3:3], append([]string{"--subject", subject}, args[3:]...)...)
}

// bug is a known bug of a subject: the property that it violates, and whether a
// run met it.
type bug struct {
	name     string
	property string
	met      func(finished) bool
}

var commands = []measured{
	{"go-zookeeper", "run lock --faults lose-reply --fault-interval 3s --time-limit 60s", []bug{
		{"`Lock` fails when the reply to its getChildren is lost, and leaves its znode, behind which everybody waits", "progress", orphanAfter(lost("getChildren"))},
		{"`Unlock` fails for ever when the reply to its delete is lost, and `Lock` then answers `ErrDeadlock` for ever", "progress", refusedAfter(lost("delete"))},
		{"`CreateProtectedEphemeralSequential` leaves a znode that nobody owns when the replies to the create and to the look-up are lost", "progress", orphanAfter(lost("create", "getChildren"))},
	}},
	{"go-zookeeper", "run lock --faults expire --fault-interval 3s --time-limit 60s", []bug{
		{"`Unlock` fails for ever when the session has expired, and `Lock` then answers `ErrDeadlock` for ever", "progress", refusedAfter(expired)},
	}},
}
