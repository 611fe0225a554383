package usage

import "regexp"

// hostName matches the hosts that a line of zoo.cfg can have without brackets.
var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// IsHostName reports whether a text can be the name of a host, or an IPv4 address.
func IsHostName(text string) bool { return len(text) <= 253 && hostName.MatchString(text) }
