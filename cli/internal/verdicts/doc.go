// Package verdicts prints what was decided, of one run or of many: as a summary, as JSON, and as annotations for
// GitHub. It turns verdicts and gates into exit codes. Whoever runs or reads an experiment prints through it.
package verdicts
