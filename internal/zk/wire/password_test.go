package wire

import (
	"encoding/hex"
	"testing"
)

// The passwords are what java.util.Random gives for these ids.
func TestPasswordOf(t *testing.T) {
	for id, want := range map[int64]string{
		0x100000e66b30002: "e977dc7ab04cb39c1bf3b943123ceb4a",
		1:                 "054cc74a37327db215e702e20c73f005",
		-5:                "d47144b5e45e45c49c3b7fdcd66257ba",
		0x3dc6acfac000005: "51942c7ab7d431c6ea5674695a2a89fb",
	} {
		if got := hex.EncodeToString(PasswordOf(id)); got != want {
			t.Errorf("%#x: %s, not %s", id, got, want)
		}
	}
}
