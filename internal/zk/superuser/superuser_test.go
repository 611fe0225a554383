package superuser

import (
	"strings"
	"testing"
)

// The digest is what Apache's DigestAuthenticationProvider makes of the credential: of the one in its manual, and of
// ours.
func TestDigest(t *testing.T) {
	if got, want := digest("super:test"), "super:D/InIHSb7yEEbrWz8b9l71RjZJU="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := Digest(); got != digest(Credential) || strings.Contains(got, "zklab") {
		t.Errorf("%s", got)
	}
}
