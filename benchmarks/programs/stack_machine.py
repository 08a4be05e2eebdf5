"""A small machine with a stack: its instructions are parsed from text and executed."""

SOURCE = """push 0
store total
load n
jumpzero 12
load n
load n
mul
load total
add
store total
decrement n
jump 2
load total"""


def parse(text):
    code = []
    for line in text.split("\n"):
        operation, _, argument = line.partition(" ")
        code.append((operation, argument or None))
    return code


class Machine:
    def __init__(self, code):
        self.code = code
        self.stack = []
        self.variables = {}

    def define(self, name, value):
        self.variables[name] = value

    def pull(self):
        return self.stack.pop()

    def execute(self):
        at_line = 0
        while at_line < len(self.code):
            operation, argument = self.code[at_line]
            at_line += 1
            match operation:
                case "push":
                    self.stack.append(int(argument))
                case "load":
                    self.stack.append(self.variables[argument])
                case "store":
                    self.variables[argument] = self.pull()
                case "add":
                    self.stack.append(self.pull() + self.pull())
                case "mul":
                    self.stack.append(self.pull() * self.pull())
                case "decrement":
                    self.variables[argument] -= 1
                case "jump":
                    at_line = int(argument)
                case "jumpzero":
                    if self.pull() == 0:
                        at_line = int(argument)
        return self.pull()


def run(n):
    machine = Machine(parse(SOURCE))
    machine.define("n", n)
    return machine.execute()
