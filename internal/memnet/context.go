package memnet

// The errors of contexts in the form of package net, which does not export them.

import (
	"context"
	"errors"
)

// ContextError returns the error that package net returns for a context that is done. Its Timeout method reports
// whether the deadline has passed, and [errors.Is] finds the error of the context.
func ContextError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return timeoutError{}
	}
	return cancelError{}
}

type timeoutError struct{}

func (timeoutError) Error() string        { return "i/o timeout" }
func (timeoutError) Timeout() bool        { return true }
func (timeoutError) Temporary() bool      { return true }
func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

type cancelError struct{}

func (cancelError) Error() string        { return "operation was canceled" }
func (cancelError) Is(target error) bool { return target == context.Canceled }
