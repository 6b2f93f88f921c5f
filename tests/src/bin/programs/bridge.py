# Stands for Cockpit's page in the browser: starts the bridge of a session, asks for administrative access
# as its button does, answers what is asked with the arguments, and has a command run by it.
import json
import subprocess
import sys

answers = sys.argv[1:]
bridge = subprocess.Popen(["cockpit-bridge"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def send(to="", **message):
    frame = to + "\n" + json.dumps(message)
    bridge.stdin.write(f"{len(frame)}\n{frame}".encode())
    bridge.stdin.flush()


def read():
    size = bridge.stdout.readline()
    if not size:
        sys.exit("the bridge has ended")
    channel, text = bridge.stdout.read(int(size)).decode().split("\n", 1)
    print(f"from {channel or 'the bridge'}: {text}", flush=True)
    return channel, text


def read_until(is_it):
    while True:
        channel, text = read()
        message = json.loads(text) if channel in ("", "bus") else {}
        if message.get("command") == "authorize":
            send(command="authorize", cookie=message["cookie"], response="")
        signal = message.get("signal", [])
        if signal[1:3] == ["cockpit.Superuser", "Prompt"]:
            if not answers:
                sys.exit("one question more")
            call("Answer", answers.pop(0))
        if is_it(channel, message):
            return


def call(method, *arguments):
    send(to="bus", call=["/superuser", "cockpit.Superuser", method, arguments], id=method)


read_until(lambda channel, message: message.get("command") == "init")
send(command="init", version=1, host="localhost", superuser=False)
send(command="open", channel="bus", payload="dbus-json3", bus="internal")
send(to="bus", **{"add-match": {"path": "/superuser", "interface": "cockpit.Superuser"}})
call("Start", "sudo")
read_until(lambda channel, message: message.get("id") == "Start")
send(command="open", channel="who", payload="stream", spawn=["id", "-un"], superuser="require")
read_until(lambda channel, message: channel == "who" or message.get("channel") == "who" and message["command"] == "close")
bridge.stdin.close()
