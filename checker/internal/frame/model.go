package frame

import (
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/linearize"
)

// Model lists what is decided about histories of one kind of object.
type Model struct {
	Object     *models.Model
	Properties []*Property  // in the order of reports
	References []*Reference // none: only the properties decide
	Picture    Picture      // of a key, if there is no reference; nil: there is none
}

// OfEveryObject lists the properties that every object has.
var OfEveryObject = []*Property{ServerAgreement, NoPanic, Returns, Recovers}

// Picture returns the search that decides a key, to be drawn, and its bounds.
type Picture func(*evidence.Key) (linearize.Problem, linearize.Budget, error)
