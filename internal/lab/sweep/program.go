package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
)

// hashDigits is the number of digits of a hash that are used: enough to distinguish programs and
// sweeps.
const hashDigits = 16

// Program returns the hash of this process's program. Runs of another program belong to another
// sweep, since its recipes may differ. It reads the program only once. It is safe for concurrent use.
func Program() (string, error) { return program() }

var program = sync.OnceValues(func() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	return Hash(self)
})

// Hash returns the beginning of the SHA-256 of a file, in hexadecimal.
func Hash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:hashDigits], nil
}

// Name returns the name of the sweep's folder: the same for the same settings and number of
// shards, whatever the seeds.
func (d *Description) Name() string {
	b, err := json.Marshal(d.Settings)
	if err != nil {
		panic(err) // texts can always be encoded
	}
	sum := sha256.Sum256(b)
	name := hex.EncodeToString(sum[:])[:hashDigits]
	if !d.Shard.Whole() {
		name += fmt.Sprintf("-of-%d", d.Shard.Of)
	}
	return name
}
