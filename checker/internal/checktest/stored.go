package checktest

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/zklab/zklab/history"
)

// Stored reads a stored run of the corpus, with its transactions. They are nil where they were
// not stored.
func Stored(dir string) (*history.History, []history.Txn, error) {
	h, err := unpacked(filepath.Join(dir, "history.jsonl.gz"), history.Read)
	if err != nil {
		return nil, nil, err
	}
	txns, err := unpacked(filepath.Join(dir, "transactions.jsonl.gz"), history.ReadTxns)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	return h, txns, nil
}

func unpacked[T any](path string, read func(io.Reader) (T, error)) (v T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return v, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return v, err
	}
	return read(z)
}
