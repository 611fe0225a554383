//go:build real && campaign

package embedded_test

import "testing"

// Without local sessions, a server does little on its own.
func TestRealReadOnlyWithoutLocalSessions(t *testing.T) { readOnlyOnApache(t, false) }
