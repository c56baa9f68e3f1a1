//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"unsafe"
)

// outside is the descriptor of the socket to the process that waits outside.
const outside = 3

// become prepares the network that this process is in, and becomes the program; it returns only if it cannot.
func become(args []string) error {
	syscall.CloseOnExec(outside)
	ports := args
	var program []string
	for i, arg := range args {
		if arg == "--" {
			ports, program = args[:i], args[i+1:]
			break
		}
	}
	if err := raiseLoopback(); err != nil {
		return fmt.Errorf("loopback cannot be brought up in a network of its own: %w", err)
	}
	var descriptors []int
	for _, port := range ports {
		listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			return err
		}
		file, err := listener.(*net.TCPListener).File()
		if err != nil {
			return err
		}
		descriptors = append(descriptors, int(file.Fd()))
	}
	var rights []byte
	if len(descriptors) > 0 {
		rights = syscall.UnixRights(descriptors...)
	}
	if err := syscall.Sendmsg(outside, []byte{0}, rights, nil, 0); err != nil {
		return fmt.Errorf("listeners cannot be handed out: %w", err)
	}
	if len(program) == 0 {
		os.Exit(0)
	}
	path, err := exec.LookPath(program[0])
	if err != nil {
		return err
	}
	return errors.Join(fmt.Errorf("%s cannot be started", path), syscall.Exec(path, program, os.Environ()))
}

// raiseLoopback does what `ip link set lo up` does, which is not installed everywhere.
func raiseLoopback() error {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(socket)
	// struct ifreq: a name, and a union that begins with the flags here.
	request := struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	copy(request.name[:], "lo")
	_, _, code := syscall.Syscall(syscall.SYS_IOCTL, uintptr(socket), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request)))
	if code != 0 {
		return code
	}
	return nil
}
