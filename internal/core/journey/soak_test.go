//go:build soak

package journey

import "testing"

func TestSoakAMillionInterleavings(t *testing.T) { manyInterleavings(t, 1_000_000) }
