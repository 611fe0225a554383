package workloads

import (
	"errors"
	"slices"
	"testing"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// A job that a client finishes between the looks at the two folders is not reported as
// being in both.
func TestJobsThatMoveDuringTheLook(t *testing.T) {
	for _, tt := range []struct {
		name  string
		moves string // the job is finished just before this folder is listed
		want  error
		jobs  models.Jobs
	}{
		{"before", subjects.OpenJobs, nil, models.Jobs{Done: []string{"a"}}},
		{"between open and done", subjects.DoneJobs, errMoved, models.Jobs{}},
		{"behind done", subjects.DeadJobs, errMoved, models.Jobs{}},
		{"behind all", "", nil, models.Jobs{Open: []string{"a"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at := subjects.OpenJobs
			jobs, err := steady(func(folder string) ([]string, error) {
				if folder == tt.moves {
					at = subjects.DoneJobs
				}
				if folder == at {
					return []string{"a"}, nil
				}
				return nil, nil
			})
			if !errors.Is(err, tt.want) {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			if err == nil && (!slices.Equal(jobs.Open, tt.jobs.Open) || !slices.Equal(jobs.Done, tt.jobs.Done) || jobs.Empty != (len(jobs.Open) == 0)) {
				t.Errorf("%+v, want %+v", jobs, tt.jobs)
			}
		})
	}
	if _, err := steady(func(string) ([]string, error) { return nil, errors.ErrUnsupported }); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
