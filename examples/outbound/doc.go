// Package outbound sends mail to the world.
package outbound
