// Package bench measures the whole program against its targets, and against the least that could answer the same questions.
// docs/performance.md has the numbers and says how to run it.
package bench
