package faults

import (
	"fmt"
	"strconv"
)

// checkCount is for options that are numbers from 1.
func checkCount(value string) error {
	if n, err := strconv.Atoi(value); err != nil || n < 1 {
		return fmt.Errorf("%q is no number from 1", value)
	}
	return nil
}

// count reads an option that was checked; 0 if it was left out.
func (a arguments) count(key string) int {
	n, _ := strconv.Atoi(a.options[key])
	return n
}
