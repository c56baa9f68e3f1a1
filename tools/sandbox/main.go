//go:build linux

// Command sandbox runs a program in a network of its own, from which it reaches the given loopback ports of this machine
// and nothing else. It needs no root where the system lets users make namespaces.
//
//	sandbox [-reach PORT]... -- PROGRAM [ARGUMENT]...
//	sandbox -check
//
// What the program listens on is reachable by nobody outside; names do not resolve, and any address but loopback is
// "unreachable" at once. With -check it only says whether the system allows this. Exit codes: the program's; 125 if the
// network cannot be made.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
)

// refused is the exit code that says that the program has not been started, as of other programs that start programs.
const refused = 125

// inside is the first argument of the process that prepares the network from within, and then becomes the program.
const inside = "-inside"

func main() {
	// The death of a parent is that of its thread: it must be the one that lives as long as the process.
	runtime.LockOSThread()
	args := os.Args[1:]
	if len(args) > 0 && args[0] == inside {
		fail(become(args[1:]))
	}
	ports, program, err := parse(args)
	if err != nil {
		fail(err)
	}
	code, err := run(ports, program)
	if err != nil {
		fail(err)
	}
	os.Exit(code)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "sandbox:", err)
	os.Exit(refused)
}

// parse returns the ports to reach and the command line of the program, which is none with -check.
func parse(args []string) ([]string, []string, error) {
	var ports []string
	for len(args) > 0 {
		switch {
		case args[0] == "-check" && len(args) == 1:
			return ports, nil, nil
		case args[0] == "-reach" && len(args) > 1:
			if _, err := strconv.ParseUint(args[1], 10, 16); err != nil {
				return nil, nil, fmt.Errorf("-reach %s: not a port", args[1])
			}
			ports = append(ports, args[1])
			args = args[2:]
		case args[0] == "--" && len(args) > 1:
			return ports, args[1:], nil
		default:
			return nil, nil, errors.New("usage: sandbox [-reach PORT]... -- PROGRAM [ARGUMENT]...")
		}
	}
	return nil, nil, errors.New("no program is given")
}

// run starts the process in its own network, hands connections on, and waits for its end.
func run(ports, program []string) (int, error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("socketpair: %w", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "theirs")
	child := exec.Command("/proc/self/exe", append(append([]string{inside}, ports...), append([]string{"--"}, program...)...)...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.ExtraFiles = []*os.File{theirs}
	child.SysProcAttr = &syscall.SysProcAttr{
		// Without root, only the root of a user namespace may make a network.
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	if err := child.Start(); err != nil {
		return 0, fmt.Errorf("this system lets user %d make no network namespace: %w", os.Getuid(), err)
	}
	theirs.Close()
	listeners, err := receive(pair[0], len(ports))
	if err != nil {
		// It has said why.
		child.Wait()
		return 0, err
	}
	for i, listener := range listeners {
		go serve(listener, net.JoinHostPort("127.0.0.1", ports[i]))
	}
	if err := child.Wait(); err != nil && child.ProcessState == nil {
		return 0, err
	}
	status := child.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}

// receive takes the listeners that were made inside: a socket stays in the network where it was made, whoever holds it.
func receive(from, count int) ([]net.Listener, error) {
	message, control := make([]byte, 1), make([]byte, syscall.CmsgSpace(4*max(count, 1)))
	n, length, _, _, err := syscall.Recvmsg(from, message, control, 0)
	if err != nil || n == 0 {
		return nil, errors.New("the network could not be made")
	}
	var descriptors []int
	if count > 0 {
		messages, err := syscall.ParseSocketControlMessage(control[:length])
		if err != nil || len(messages) != 1 {
			return nil, fmt.Errorf("no listeners came: %w", err)
		}
		if descriptors, err = syscall.ParseUnixRights(&messages[0]); err != nil {
			return nil, err
		}
	}
	var listeners []net.Listener
	for _, descriptor := range descriptors {
		file := os.NewFile(uintptr(descriptor), "listener")
		listener, err := net.FileListener(file)
		file.Close()
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, listener)
	}
	if len(listeners) != count {
		return nil, fmt.Errorf("%d listeners came, not %d", len(listeners), count)
	}
	return listeners, nil
}

// serve hands every connection on to an address of this machine.
func serve(listener net.Listener, to string) {
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer from.Close()
			there, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer there.Close()
			done := make(chan struct{}, 2)
			forward := func(to, from net.Conn) {
				io.Copy(to, from)
				// The other direction may go on.
				to.(*net.TCPConn).CloseWrite()
				done <- struct{}{}
			}
			go forward(there, from)
			go forward(from, there)
			<-done
			<-done
		}()
	}
}
