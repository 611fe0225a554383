package sweep

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/zklab/zklab/internal/base/atomicfile"
)

// archive writes a runs.jsonl with gzip, in a form that every tool reads (zcat). The archive
// contains all of a sweep except the folders of kept runs, which their seeds can repeat: about
// 1,050 bytes for a run of five seconds. An existing file is replaced as a whole.
func archive(journal, path string) error {
	in, err := os.Open(journal)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := atomicfile.Create(path, 0o644)
	if err != nil {
		return err
	}
	zip := gzip.NewWriter(out)
	_, err = io.Copy(zip, in)
	if err = errors.Join(err, zip.Close()); err != nil {
		return errors.Join(err, out.Discard())
	}
	return out.Commit()
}

// openEntries opens a journal or an archive, by its name.
func openEntries(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil || !strings.HasSuffix(path, ".gz") {
		return f, err
	}
	a := &archiveReader{file: f}
	a.zip, err = gzip.NewReader(bufio.NewReaderSize(f, readAhead))
	if a.cut = err == io.EOF || err == io.ErrUnexpectedEOF; a.cut {
		return a, nil
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s is not an archive of a sweep: %w", path, err)
	}
	return a, nil
}

// archiveReader reads an archive. An archive that is cut off, for example by a copy that failed or
// is not finished, ends at the cut without an error. The lines before the cut are complete.
type archiveReader struct {
	file *os.File
	zip  *gzip.Reader
	cut  bool
}

func (a *archiveReader) Read(p []byte) (int, error) {
	if a.cut {
		return 0, io.EOF
	}
	n, err := a.zip.Read(p)
	if a.cut = err == io.ErrUnexpectedEOF; a.cut {
		err = io.EOF
	}
	return n, err
}

func (a *archiveReader) Close() error { return a.file.Close() }
