package faults

import (
	"context"
	"fmt"
	"time"
)

// slowness is how much slower something gets unless it is said.
const slowness = 100 * time.Millisecond

// slowest is the longest delay that can be seen to have its effect in the time
// that Verify has.
const slowest = 2 * time.Second

var byOption = option{key: "by", about: "how much later", example: "100ms", check: checkBy}

func checkBy(value string) error {
	by, err := time.ParseDuration(value)
	if err != nil || by < time.Millisecond || by > slowest {
		return fmt.Errorf("%q is no delay from 1ms to %s", value, slowest)
	}
	return nil
}

// by reads an option that was checked.
func (a arguments) by() time.Duration {
	by, _ := time.ParseDuration(a.options["by"])
	return by
}

func specBy(kind string, nodes Nodes, by time.Duration) string {
	s := spec(kind, string(nodes))
	if by != 0 {
		s = withOption(s, "by", by.String())
	}
	return s
}

func validBy(by time.Duration) error {
	if by == 0 {
		return nil
	}
	return checkBy(by.String())
}

// slowThing is something slow, in words: "the disks were slow", "slow disks",
// "disks that take".
type slowThing struct{ was, is, takes string }

// slower sees that no write through the probes is quicker than least, which says
// nothing if a write took as long before. It gives how long one took.
func (ps probes) slower(ctx context.Context, before, least time.Duration, what slowThing) (seen string, err error) {
	if before >= least {
		return "", fmt.Errorf("a write took %s before %s: that it takes %s or more is no proof", before, what.was, least)
	}
	ctx, cancel := context.WithTimeout(ctx, promptly+20*least)
	defer cancel()
	took, err := ps.quickest(ctx)
	if err != nil {
		return "", fmt.Errorf("with %s: %w", what.is, err)
	}
	if took < least {
		return "", fmt.Errorf("a write took %s, with %s %s", took, what.takes, least)
	}
	return fmt.Sprintf("a write took %s, %s before", took.Round(time.Millisecond/10), before.Round(time.Millisecond/10)), nil
}
