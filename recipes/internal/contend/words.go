package contend

import (
	"bytes"
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// The words of a contender's data.
const (
	WordRead   = "read"
	WordUnlock = "unlock"
)

// Mark writes a word into the data of the hold's contender, however many replies get lost, until
// its session ends.
func (h *Hold) Mark(ctx context.Context, word string) error {
	_, err := Mark(ctx, h.Line.Client, h.Contender.Session, znodes.Join(h.Line.Folder, h.Contender.Name), word)
	return err
}

// Mark adds a word to the data of an ephemeral znode, once, and returns the data. It returns
// zk.ErrNoNode if there is no such znode. A lost reply does no harm: a second try finds another
// version, or the word.
func Mark(ctx context.Context, cl *client.Client, z *client.Session, path, word string) ([]byte, error) {
	var b client.Backoff
	for {
		v, err := cl.Get(ctx, z, path)
		switch {
		case err != nil:
			return nil, err
		case v.Stat.EphemeralOwner == 0:
			return nil, zk.ErrNoNode
		case Says(v.Data, word):
			return v.Data, nil
		}
		data := bytes.TrimSpace(bytes.Join([][]byte{v.Data, []byte(word)}, []byte(" ")))
		_, err = client.Retry(ctx, cl, z, client.Write, func() (*zk.Stat, error) { return cl.Conn.Set(path, data, v.Stat.Version) })
		if !errors.Is(err, zk.ErrBadVersion) {
			return data, err
		}
		b.Pause(ctx)
	}
}

// Says reports whether a word is among the data of a contender.
func Says(data []byte, word string) bool {
	for w := range bytes.FieldsSeq(data) {
		if string(w) == word {
			return true
		}
	}
	return false
}
