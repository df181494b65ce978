// Package lint says what is wrong with a captured message or dialogue.
package lint
