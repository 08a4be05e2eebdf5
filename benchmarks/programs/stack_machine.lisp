(setq source `push 0
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
load total`)

(defun parse (text)
    (setq code (list))
    (loop line (split text "\n")
        (setq words (split line " "))
        (push code (if (= (size words) 2) (list (car words) (cadr words)) (list (car words) nil))))
    code)

(class@ Machine (code (stack (list)) (variables (dictionary)))
    (defun define (name value) (set@ variables name value))
    (defun pull ()
        (setq value (last stack))
        (poplast stack)
        value)
    (defun execute ()
        (setq at_line 0)
        (while (< at_line (size code))
            (setq (operation argument) (@ code at_line))
            (+= at_line 1)
            (switch operation
                ("push" (push stack (integer argument)))
                ("load" (push stack (@ variables argument)))
                ("store" (set@ variables argument (pull)))
                ("add" (push stack (+ (pull) (pull))))
                ("mul" (push stack (* (pull) (pull))))
                ("decrement" (-= (@ variables argument) 1))
                ("jump" (setq at_line (integer argument)))
                ("jumpzero" (check (= (pull) 0) (setq at_line (integer argument))))))
        (pull)))

(defun run (n)
    (setq machine (Machine (parse source)))
    (machine (define "n" n))
    (machine (execute)))
