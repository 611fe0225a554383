package wire

import (
	"errors"
	"fmt"
	"testing"
)

// Each code has a name and advice. The numbers come from KeeperException.Code in Java.
func TestCodes(t *testing.T) {
	for _, n := range []Code{
		-1, -2, -3, -4, -5, -6, -7, -8, -12, -13, -14, -100, -101, -102, -103, -108, -110, -111, -112, -113, -114, -115, -116,
		-117, -118, -119, -120, -121, -122, -123, -124, -125, -127,
	} {
		if n.String() == fmt.Sprint("code ", int(n)) || n.Advice() == "" {
			t.Errorf("%d: %q, %q", n, n, n.Advice())
		}
	}
	if got := Named(fmt.Errorf("unknown error: %v", -124)); !errors.Is(got, SessionClosedAuth) {
		t.Errorf("%v", got)
	}
	if err := errors.New("unknown error: x"); Named(err) != err || Named(nil) != nil {
		t.Error("another error is not kept as it is")
	}
}
