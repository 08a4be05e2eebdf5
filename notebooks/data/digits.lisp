; Digits of a dot matrix, made: each of the ten in nine places, one dot apart, of a square of 12 by 12.
; `digit_images` [90,1,12,12] holds 0 and 1, `digit_labels` [90] says which digit it is.

; Five columns and seven rows a digit.
(setq glyphs '(
    (".###." "#...#" "#..##" "#.#.#" "##..#" "#...#" ".###.")
    ("..#.." ".##.." "..#.." "..#.." "..#.." "..#.." ".###.")
    (".###." "#...#" "....#" "...#." "..#.." ".#..." "#####")
    (".###." "#...#" "....#" "..##." "....#" "#...#" ".###.")
    ("...#." "..##." ".#.#." "#..#." "#####" "...#." "...#.")
    ("#####" "#...." "####." "....#" "....#" "#...#" ".###.")
    ("..##." ".#..." "#...." "####." "#...#" "#...#" ".###.")
    ("#####" "....#" "...#." "..#.." ".#..." ".#..." ".#...")
    (".###." "#...#" "#...#" ".###." "#...#" "#...#" ".###.")
    (".###." "#...#" "#...#" ".####" "....#" "...#." ".##..")))

(defun dots (row) (maplist (λ (dot) (if (= dot "#") 1.0 0.0)) (split row "")))
(defun glyph_tensor (rows) (torch_tensor (maplist 'dots rows)))

; A glyph with `left` empty columns and `top` empty rows before it.
(defun placed (glyph left top)
    (->pad F glyph (list left (- 7 left) top (- 5 top))))

(setq digit_images (list))
(setq digit_labels (list))
(loop (digit 0 10)
    (setq glyph (glyph_tensor (@ glyphs digit)))
    (loop (left 3 6)
        (loop (top 2 5)
            (push digit_images (placed glyph left top))
            (push digit_labels digit))))
(setq digit_images (->unsqueeze (->stack torch digit_images) 1))
(setq digit_labels (torch_tensor digit_labels))

; Some of them, drawn anew: ink between half and full, a little grey everywhere, then mean near 0, deviation near 1.
(defun digit_batch (rows)
    (setq which (tensor_randint 0 90 (list rows)))
    (setq ink (+ 0.5 (* 0.5 (->rand torch rows 1 1 1))))
    (setq grey (* 0.15 (->randn torch rows 1 12 12)))
    (setq dots (+ grey (* ink (->index_select digit_images 0 which))))
    (list (/ (- dots 0.1) 0.3) (->index_select digit_labels 0 which)))
