//go:build real && campaign

package embedded_test

import "testing"

// Without local sessions there is little that a server does alone.
func TestRealReadOnlyWithoutLocalSessions(t *testing.T) { readOnlyOnApache(t, false) }
