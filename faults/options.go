package faults

import (
	"fmt"
	"strconv"
	"time"

	"github.com/zklab/zklab/faults/kinds"
)

// slowness is the default delay.
const slowness = 100 * time.Millisecond

// slowest is the longest delay that Verify has the time to see.
const slowest = 2 * time.Second

var byOption = Option{Key: "by", About: "delay", Example: "100ms", Check: checkBy}

func checkBy(value string) error {
	by, err := time.ParseDuration(value)
	if err != nil || by < time.Millisecond || by > slowest {
		return fmt.Errorf("%q is not a delay from 1ms to %s", value, slowest)
	}
	return nil
}

// by reads an option that was checked.
func (a arguments) by() time.Duration {
	by, _ := time.ParseDuration(a.options["by"])
	return by
}

func specBy(kind kinds.Kind, nodes Nodes, by time.Duration) string {
	return withTime(spec(kind, string(nodes)), "by", by)
}

func validBy(by time.Duration) error {
	if by == 0 {
		return nil
	}
	return checkBy(by.String())
}

// checkCount checks an option that is a number from 1.
func checkCount(value string) error {
	if n, err := strconv.Atoi(value); err != nil || n < 1 {
		return fmt.Errorf("%q is not a number from 1", value)
	}
	return nil
}

// count reads an option that was checked; 0 if it was left out.
func (a arguments) count(key string) int {
	n, _ := strconv.Atoi(a.options[key])
	return n
}
