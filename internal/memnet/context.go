package memnet

// The ends of contexts, as package net words them, which has these errors to itself.

import (
	"context"
	"errors"
)

// ContextError returns what package net makes of the error of a context that is done: one whose Timeout
// method reports whether that was because of its deadline, and for which [errors.Is] finds the error of the context.
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
