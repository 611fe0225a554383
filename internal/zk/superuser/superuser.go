// Package superuser names the user with whom zklab reconfigures the ensembles that it starts, when a run has a
// fault that needs that. No access control list stops this user, and nothing changes for the others
// ("Administrator's Guide", superDigest): that is why the servers are not told to skip all lists (skipACL). It is
// no secret: the servers are there for one run, and listen on this machine alone. It imports nothing of zklab.
package superuser

import (
	"crypto/sha1"
	"encoding/base64"
	"strings"
)

// Scheme and Credential are what a client authenticates with.
const (
	Scheme     = "digest"
	Credential = "super:zklab"
)

// Digest returns what a server is told, as zookeeper.DigestAuthenticationProvider.superDigest.
func Digest() string { return digest(Credential) }

func digest(credential string) string {
	user, _, _ := strings.Cut(credential, ":")
	sum := sha1.Sum([]byte(credential))
	return user + ":" + base64.StdEncoding.EncodeToString(sum[:])
}
